//! Where the parcels of a body are: in an envelope or without one, alone or in a list.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess};

use super::field::Fill;
use super::json_object::json_object;
use super::lenient::{Lenient, Maybe};
use super::name::{Key, is_spelling_of};
use super::object::{self, Draft, Object, Shape};
use super::{Event, Tracking};

/// The events that were found so far.
pub(crate) trait Found: Default {
    const EXPECTED: &'static str;

    fn as_mut_slice(&mut self) -> &mut [Event];

    /// Returns whether there was room for one more.
    fn add(&mut self, event: Event) -> bool;
}

impl Found for Option<Event> {
    const EXPECTED: &'static str = "expected an object or an array of one";

    fn as_mut_slice(&mut self) -> &mut [Event] {
        self.as_mut_slice()
    }

    fn add(&mut self, event: Event) -> bool {
        self.replace(event).is_none()
    }
}

impl Found for Vec<Event> {
    const EXPECTED: &'static str = "expected an object or an array of objects";

    fn as_mut_slice(&mut self) -> &mut [Event] {
        self
    }

    fn add(&mut self, event: Event) -> bool {
        self.push(event);
        true
    }
}

/// Reads a body. The result is never empty.
pub(crate) fn read<'de, F: Found, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
    let mut found = F::default();
    let body = Parcels {
        found: &mut found,
        in_envelope: true,
        in_array: true,
    };
    body.deserialize(deserializer)?;
    Ok(found)
}

/// A value that holds at least one parcel: in an envelope or an array, where these are allowed.
struct Parcels<'a, F> {
    found: &'a mut F,
    in_envelope: bool,
    in_array: bool,
}

impl<F: Found> Parcels<'_, F> {
    fn add<E: serde::de::Error>(&mut self, tracking: Tracking) -> Result<(), E> {
        if self.found.add(Event::new(tracking)) {
            Ok(())
        } else {
            Err(E::custom(F::EXPECTED))
        }
    }
}

impl<'de, F: Found> DeserializeSeed<'de> for Parcels<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        object::read(self, deserializer)
    }
}

impl<'de, F: Found> Shape<'de> for Parcels<'_, F> {
    type Value = ();
    const NAME: &'static str = "Event";
    const NAMES: &'static [&'static str] = &NAMES;
    const EXPECTED: &'static str = F::EXPECTED;

    fn read_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let before = self.found.as_mut_slice().len();
        let mut envelope = Draft::<Envelope>::new(false);
        let mut parcel: Option<Draft<Tracking>> = None;
        let mut items: Option<Items> = None;
        let (in_envelope, is_strict) = (self.in_envelope, !self.in_envelope);
        let member = |name: &str| Member::new(name, in_envelope);
        while let Some(member) = map.next_key_seed(Key(member))? {
            match member {
                Member::Envelope(member) => Envelope::fill(&mut envelope, member, &mut map)?,
                Member::Data => map.next_value_seed(Parcels {
                    found: self.found,
                    in_envelope: false,
                    in_array: true,
                })?,
                Member::Parcel(member) => {
                    let parcel = parcel.get_or_insert_with(|| Draft::new(is_strict));
                    Tracking::fill(parcel, member, &mut map)?;
                }
                Member::Items => {
                    let field = &mut items;
                    let required = false;
                    map.next_value_seed(Fill { field, required }).map(drop)?;
                }
                Member::Unknown => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }

        let in_data = self.found.as_mut_slice().len() > before;
        if !in_data
            && let Some(mut parcel) = parcel
            && Tracking::complete(&mut parcel).is_ok()
        {
            self.add(parcel.object)?;
        } else {
            let Items(items) = items.unwrap_or_default();
            let mut items = items.into_iter();
            items.try_for_each(|tracking| self.add(tracking))?;
        }
        let Some((last, others)) = self.found.as_mut_slice()[before..].split_last_mut() else {
            let missing = if in_envelope {
                "data"
            } else {
                "tracking_number"
            };
            return Err(A::Error::missing_field(missing));
        };
        let Envelope {
            code,
            message,
            meta,
        } = envelope.object;
        let meta = meta.unwrap_or_else(Meta::empty);
        let (code, message) = (code.or(meta.code), message.or(meta.message));
        for event in others {
            (event.code, event.message) = (code, message.clone());
        }
        (last.code, last.message) = (code, message);
        Ok(())
    }

    fn read_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut is_empty = true;
        while self.in_array
            && let Some(()) = seq.next_element_seed(Parcels {
                found: &mut *self.found,
                in_envelope: self.in_envelope,
                in_array: false,
            })?
        {
            is_empty = false;
        }
        if is_empty {
            return Err(A::Error::custom(F::EXPECTED));
        }
        Ok(())
    }
}

enum Member {
    Envelope(<Envelope as Object>::Member),
    Data,
    Parcel(<Tracking as Object>::Member),
    Items,
    Unknown,
}

impl Member {
    fn new(name: &str, in_envelope: bool) -> Self {
        if in_envelope && let Some(member) = Envelope::member(name) {
            Self::Envelope(member)
        } else if in_envelope && is_spelling_of("data", name) {
            Self::Data
        } else if let Some(member) = Tracking::member(name) {
            Self::Parcel(member)
        } else if is_spelling_of("items", name) {
            Self::Items
        } else {
            Self::Unknown
        }
    }
}

/// The names of all members of the envelopes and of a parcel.
const NAMES: [&str; OUTER.len() + Tracking::NAMES.len()] = {
    let mut names = [""; OUTER.len() + Tracking::NAMES.len()];
    let (outer, inner) = names.split_at_mut(OUTER.len());
    outer.copy_from_slice(&OUTER);
    inner.copy_from_slice(Tracking::NAMES);
    names
};

const OUTER: [&str; 5] = ["code", "message", "meta", "data", "items"];

json_object! {
    struct Envelope {
        code: Option<i64> = "code";
        message: Option<String> = "message";
        meta: Option<Meta> = "meta";
    }
}

json_object! {
    struct Meta {
        code: Option<i64> = "code";
        message: Option<String> = "message";
    }
}

/// The parcels in a page of a list, as the V2 API answers: all of them, or none if one cannot be
/// read.
#[derive(Default)]
struct Items(Vec<Tracking>);

impl Lenient for Items {
    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut items = Some(Vec::new());
        while let Some(Maybe(tracking)) = seq.next_element()? {
            items = items.zip(tracking).map(|(mut items, tracking)| {
                items.push(tracking);
                items
            });
        }
        Ok(items.map(Self))
    }
}
