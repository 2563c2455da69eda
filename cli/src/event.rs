//! The event that is sent: a sample or a file, with fields changed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use crate::{failure::Failure, input};

#[derive(Args)]
pub(crate) struct EventArgs {
    /// Send the sample of this status
    #[arg(long, value_enum, default_value_t = Status::Delivered)]
    status: Status,
    /// Send this file instead, or standard input if it is `-`, byte for byte unless there is a --set
    #[arg(long, conflicts_with = "status")]
    file: Option<PathBuf>,
    /// Change a field of the parcel, as in tracking_number=AB1 or
    /// origin_info.trackinfo.0.location=Oslo; NAME:=JSON sets what is not text, and {number} is
    /// replaced by the number of the delivery
    #[arg(long, value_name = "NAME=TEXT", value_parser = Change::parse)]
    set: Vec<Change>,
}

/// The statuses that there is a sample of.
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

/// Makes the body of each delivery.
pub(crate) struct EventSource {
    template: Vec<u8>,
    changes: Vec<Change>,
}

impl EventArgs {
    pub(crate) fn read(self) -> Result<EventSource, Failure> {
        let template = match &self.file {
            None => self.status.sample().to_vec(),
            Some(path) => input::read(path)?,
        };
        Ok(EventSource {
            template,
            changes: self.set,
        })
    }
}

impl EventSource {
    /// Makes the body of the delivery `n`.
    pub(crate) fn body(&self, n: u64) -> Result<Vec<u8>, Failure> {
        if self.changes.is_empty() {
            return Ok(self.template.clone());
        }
        let mut event: Value = serde_json::from_slice(&self.template)
            .map_err(|_| Failure::usage("--set cannot change a file that is not JSON"))?;
        let parcel = match event.get_mut("data") {
            Some(Value::Array(parcels)) if parcels.len() == 1 => parcels.first_mut(),
            data => data,
        };
        let parcel = parcel.filter(|parcel| parcel.is_object());
        let parcel = parcel.ok_or_else(|| {
            Failure::usage("--set cannot change a file without a parcel as its `data`")
        })?;
        for change in &self.changes {
            change.apply(parcel, n)?;
        }
        serde_json::to_vec(&event).map_err(Failure::failed)
    }
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

impl Change {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("give NAME=TEXT or NAME:=JSON")?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => {
                let value =
                    serde_json::from_str(value).map_err(|_| "what follows := is not JSON")?;
                (name, NewValue::Json(value))
            }
            None => (name, NewValue::Text(value.to_owned())),
        };
        if name.split('.').any(str::is_empty) {
            return Err("a name is empty".to_owned());
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
                    "--set {}: there is no place for {step:?}",
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

/// Gives the member of an object or array to be changed, made if it is the next that could be.
fn member<'a>(place: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    if place.is_null() {
        *place = Value::Object(Map::new());
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
    use trackingmore_webhook_axum::{DeliveryStatus, Event, trackingmore_webhook::Time};

    use super::*;

    fn changed(template: &str, changes: &[&str]) -> Result<Value, String> {
        let source = EventSource {
            template: template.as_bytes().to_vec(),
            changes: changes
                .iter()
                .map(|text| Change::parse(text))
                .collect::<Result<_, _>>()?,
        };
        let body = source.body(7).map_err(|failure| match failure {
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
            // What is said of the parcel as a whole is the last of its history.
            if let Some(latest) = tracking.latest_checkpoint() {
                assert_eq!(latest.checkpoint_date, tracking.latest_checkpoint_time);
                let event = tracking.latest_event.as_deref().unwrap();
                assert!(event.starts_with(latest.tracking_detail.as_deref().unwrap()));
            }
        }
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
            ],
        );
        assert_eq!(
            event,
            Ok(serde_json::json!({"code":200,"data":{
                "tracking_number":"9205500000004418307716",
                "note":"a=b 7",
                "pieces":null,
                "origin_info":{"trackinfo":[{"location":"Bergen"},{"location":"Moss"}]},
                "destination_info":{"courier_code":"dhl"},
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
            (event, "tracking_number", "give NAME=TEXT or NAME:=JSON"),
            (event, "=x", "a name is empty"),
            (event, "origin_info..x=y", "a name is empty"),
            (event, "pieces:=two", "what follows := is not JSON"),
            (
                event,
                "tracking_number.x=y",
                r#"--set tracking_number.x: there is no place for "x""#,
            ),
            (
                event,
                "origin_info.trackinfo.1=y",
                r#"--set origin_info.trackinfo.1: there is no place for "1""#,
            ),
            (
                "not JSON",
                "a=b",
                "--set cannot change a file that is not JSON",
            ),
            (
                "{}",
                "a=b",
                "--set cannot change a file without a parcel as its `data`",
            ),
            (
                r#"{"data":[]}"#,
                "a=b",
                "--set cannot change a file without a parcel as its `data`",
            ),
        ] {
            assert_eq!(changed(template, &[change]).unwrap_err(), what);
        }
    }
}
