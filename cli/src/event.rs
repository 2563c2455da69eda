//! The bodies that are sent: samples or a file, with changed members.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use strsim::jaro;
use trackingmore_webhook_axum::Event;

use crate::{failure::Failure, input, saved::Saved};

/// The life of the parcel of `delivered.json`, a delivery a line.
const STORY: &str = include_str!("../samples/story.jsonl");

#[derive(Args)]
pub(crate) struct EventArgs {
    /// Send the sample with this status
    #[arg(long, value_enum, default_value_t = Status::Delivered)]
    status: Status,
    /// Send the life of one parcel in order, from pending to delivered
    #[arg(long, conflicts_with = "status")]
    story: bool,
    /// Send this file, byte for byte; `-` is standard input. Of a saved delivery, only the body is
    /// sent
    #[arg(long, conflicts_with_all = ["status", "story"])]
    file: Option<PathBuf>,
    /// Change a member of the parcel, as in tracking_number=AB1 or
    /// origin_info.trackinfo.0.location=Oslo. NAME:=JSON sets a value that is not text. {number} is
    /// replaced by the number of the delivery, or of the story with --story
    #[arg(long, value_name = "NAME=TEXT", value_parser = Change::parse)]
    set: Vec<Change>,
}

/// The statuses that have a sample.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Status {
    Pending,
    NotFound,
    InfoReceived,
    Transit,
    Pickup,
    Delivered,
    Undelivered,
    Exception,
    Expired,
}

/// Produces the body of each delivery.
pub(crate) struct EventSource {
    /// The bodies, in the order in which they are sent.
    templates: Vec<Vec<u8>>,
    changes: Vec<Change>,
}

impl EventArgs {
    pub(crate) fn read(self) -> Result<EventSource, Failure> {
        let templates = match &self.file {
            Some(path) => vec![body(input::read(path)?)],
            None if self.story => STORY.lines().map(Vec::from).collect(),
            None => vec![self.status.sample().to_vec()],
        };
        let source = EventSource {
            templates,
            changes: self.set,
        };
        for step in 0..source.steps() {
            source.body(1, step)?;
        }
        source.warn()?;
        Ok(source)
    }
}

/// Returns the body of a saved delivery. Any other file is a body itself.
fn body(file: Vec<u8>) -> Vec<u8> {
    match Saved::from_http(&file) {
        Ok(saved) => saved.body.unwrap_or_default().to_vec(),
        Err(_) => file,
    }
}

impl EventSource {
    /// How many deliveries share a number.
    pub(crate) fn steps(&self) -> u64 {
        self.templates.len() as u64
    }

    /// Returns the body of a step of the delivery `n`.
    pub(crate) fn body(&self, n: u64, step: u64) -> Result<Vec<u8>, Failure> {
        let template = &self.templates[step as usize % self.templates.len()];
        if self.changes.is_empty() {
            return Ok(template.clone());
        }
        let mut event = read(template)?;
        for change in &self.changes {
            change.apply(parcel(&mut event)?, n)?;
        }
        serde_json::to_vec(&event).map_err(Failure::failed)
    }

    /// Warns of members that neither the body nor the model has: they may be misspelt.
    fn warn(&self) -> Result<(), Failure> {
        let Some(first) = self.templates.first().filter(|_| !self.changes.is_empty()) else {
            return Ok(());
        };
        let mut before = read(first)?;
        let before = parcel(&mut before)?;
        let event = serde_json::from_slice::<Event>(&self.body(1, 0)?);
        let model = event.and_then(|event| serde_json::to_value(event.tracking));
        let model = model.unwrap_or_default();
        for Change { name, .. } in &self.changes {
            let pointer = format!("/{}", name.replace('.', "/"));
            let has = |value: &Value| value.pointer(&pointer).is_some();
            if !has(before) && !has(&model) {
                let (place, step) = pointer.rsplit_once('/').unwrap_or_default();
                let members = model.pointer(place).and_then(Value::as_object);
                let members = members.into_iter().flat_map(Map::keys);
                let is_alike = |name: &&String| name.ends_with(step) || jaro(name, step) > 0.84;
                let alike: Vec<_> = members.filter(is_alike).map(String::as_str).collect();
                let tip = match alike.join("` or `") {
                    none if none.is_empty() => none,
                    alike => format!("; did you mean `{alike}`?"),
                };
                // Standard error may be closed.
                _ = writeln!(
                    io::stderr(),
                    "warning: the parcel has no member `{name}`; --set adds it{tip}"
                );
            }
        }
        Ok(())
    }
}

fn read(template: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(template)
        .map_err(|_| Failure::usage("--set cannot change a file that is not JSON"))
}

fn parcel(event: &mut Value) -> Result<&mut Value, Failure> {
    let data = event.get_mut("data");
    let parcel = match data {
        Some(data) if data.as_array().is_some_and(|parcels| parcels.len() == 1) => data.get_mut(0),
        data => data,
    };
    let parcel = parcel.filter(|parcel| parcel.is_object());
    parcel.ok_or_else(|| Failure::usage("--set needs a file whose `data` is a parcel"))
}

impl Status {
    pub(crate) fn sample(self) -> &'static [u8] {
        match self {
            Self::Pending => include_bytes!("../samples/pending.json"),
            Self::NotFound => include_bytes!("../samples/notfound.json"),
            Self::InfoReceived => include_bytes!("../samples/inforeceived.json"),
            Self::Transit => include_bytes!("../samples/transit.json"),
            Self::Pickup => include_bytes!("../samples/pickup.json"),
            Self::Delivered => include_bytes!("../samples/delivered.json"),
            Self::Undelivered => include_bytes!("../samples/undelivered.json"),
            Self::Exception => include_bytes!("../samples/exception.json"),
            Self::Expired => include_bytes!("../samples/expired.json"),
        }
    }
}

/// One `--set`.
#[derive(Clone, Debug)]
struct Change {
    name: String,
    value: NewValue,
}

#[derive(Clone, Debug)]
enum NewValue {
    Text(String),
    Json(Value),
}

const FORM: &str = "give NAME=TEXT or NAME:=JSON, such as tracking_number=AB1 or pieces:=2";

impl Change {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or(FORM)?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => {
                let value = serde_json::from_str(value)
                    .map_err(|_| "the value after := is not JSON; for text, use =")?;
                (name, NewValue::Json(value))
            }
            None => (name, NewValue::Text(value.to_owned())),
        };
        if name.split('.').any(str::is_empty) {
            return Err(FORM.to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            value,
        })
    }

    fn apply(&self, parcel: &mut Value, n: u64) -> Result<(), Failure> {
        let mut place = parcel;
        for step in self.name.split('.') {
            place = member(place, step).ok_or_else(|| {
                Failure::usage(format_args!(
                    "--set {}: cannot add {step:?} there",
                    self.name
                ))
            })?;
        }
        *place = match &self.value {
            NewValue::Text(text) => Value::from(text.replace("{number}", &n.to_string())),
            NewValue::Json(value) => value.clone(),
        };
        Ok(())
    }
}

/// Returns the member of an object or array to change. It is added if it does not exist, in an
/// array only at the end.
fn member<'a>(place: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    if place.is_null() {
        *place = match step {
            "0" => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        };
    }
    match place {
        Value::Object(members) => Some(members.entry(step).or_insert(Value::Null)),
        Value::Array(items) => {
            let index: usize = step.parse().ok()?;
            if index == items.len() {
                items.push(Value::Null);
            }
            items.get_mut(index)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use trackingmore_webhook_axum::{
        DeliveryStatus, Event, Freshness, Update, trackingmore_webhook::Time,
    };

    use super::*;

    fn changed(template: &str, changes: &[&str]) -> Result<Value, String> {
        let source = EventSource {
            templates: vec![template.as_bytes().to_vec()],
            changes: changes
                .iter()
                .map(|text| Change::parse(text))
                .collect::<Result<_, _>>()?,
        };
        let body = source.body(7, 0).map_err(|failure| match failure {
            Failure::Usage(what) => what,
            other => panic!("{other:?}"),
        })?;
        Ok(serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn every_sample_is_an_event_of_its_status() {
        for status in Status::value_variants() {
            let event: Event = serde_json::from_slice(status.sample()).unwrap();
            let name = status.to_possible_value().unwrap();
            let tracking = event.tracking;
            assert_eq!(tracking.delivery_status.as_ref().unwrap(), &name.get_name());
            assert!(!matches!(
                tracking.delivery_status,
                Some(DeliveryStatus::Unknown(_))
            ));
            let time = |time: &Option<Time>| time.as_ref().unwrap().instant().unwrap();
            assert!(
                time(&tracking.created_at) < time(&tracking.update_at),
                "{status:?}"
            );
            // The fields of the parcel agree with its last checkpoint.
            if let Some(latest) = tracking.latest_checkpoint() {
                assert_eq!(latest.checkpoint_date, tracking.latest_checkpoint_time);
                let event = tracking.latest_event.as_deref().unwrap();
                assert!(event.starts_with(latest.tracking_detail.as_deref().unwrap()));
            }
        }
    }

    #[test]
    fn a_story_is_the_life_of_one_parcel() {
        let mut known: Option<Update> = None;
        let mut statuses = Vec::new();
        for body in STORY.lines() {
            let sent = serde_json::from_str::<Event>(body).unwrap().tracking;
            assert_eq!(sent.tracking_number, "RB550418207HK");
            statuses.push(sent.delivery_status.clone().unwrap().as_str().to_owned());
            let before = known.map(Update::into_tracking);
            let update = Update::new(before, sent);
            assert_eq!(update.freshness(), Freshness::Newer);
            assert!(update.checkpoints().len() <= 1 && update.backfilled().is_empty());
            known = Some(update);
        }
        statuses.dedup();
        let all = ["pending", "inforeceived", "transit", "pickup", "delivered"];
        assert_eq!(statuses, all);
    }

    #[test]
    fn fields_are_changed_and_made() {
        let event = changed(
            r#"{"code":200,"data":{"tracking_number":"A","pieces":1,"origin_info":{"trackinfo":[{"location":"Oslo"}]},"destination_info":null}}"#,
            &[
                "tracking_number=9205500000004418307716",
                "note=a=b {number}",
                "pieces:=null",
                "origin_info.trackinfo.0.location=Bergen",
                "origin_info.trackinfo.1.location=Moss",
                "destination_info.courier_code=dhl",
                "destination_info.trackinfo.0.location=Rome",
            ],
        );
        assert_eq!(
            event,
            Ok(serde_json::json!({"code":200,"data":{
                "tracking_number":"9205500000004418307716",
                "note":"a=b 7",
                "pieces":null,
                "origin_info":{"trackinfo":[{"location":"Bergen"},{"location":"Moss"}]},
                "destination_info":{"courier_code":"dhl","trackinfo":[{"location":"Rome"}]},
            }}))
        );
        let array = changed(
            r#"{"data":[{"tracking_number":"A"}]}"#,
            &["tracking_number=B"],
        );
        assert_eq!(
            array,
            Ok(serde_json::json!({"data":[{"tracking_number":"B"}]}))
        );
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        let event = r#"{"data":{"tracking_number":"A","origin_info":{"trackinfo":[]}}}"#;
        for (template, change, what) in [
            (event, "tracking_number", FORM),
            (event, "=x", FORM),
            (event, "origin_info..x=y", FORM),
            (
                event,
                "pieces:=two",
                "the value after := is not JSON; for text, use =",
            ),
            (
                event,
                "tracking_number.x=y",
                r#"--set tracking_number.x: cannot add "x" there"#,
            ),
            (
                event,
                "origin_info.trackinfo.1=y",
                r#"--set origin_info.trackinfo.1: cannot add "1" there"#,
            ),
            (
                "not JSON",
                "a=b",
                "--set cannot change a file that is not JSON",
            ),
            ("{}", "a=b", "--set needs a file whose `data` is a parcel"),
            (
                r#"{"data":[]}"#,
                "a=b",
                "--set needs a file whose `data` is a parcel",
            ),
        ] {
            assert_eq!(changed(template, &[change]).unwrap_err(), what);
        }
    }
}
