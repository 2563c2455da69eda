//! Where a parcel is in its life.

use super::open_set::open_set;

open_set! {
    /// Where a parcel, or one of its checkpoints, is in its life: the vendor's `delivery_status`.
    ///
    /// The set is open: a text that is not in the table is kept in [`Unknown`](Self::Unknown).
    /// Texts are read in any case and with whitespace around them; the known ones are always
    /// written in lower case.
    ///
    /// | text | variant | meaning |
    /// |---|---|---|
    /// | `pending` | [`Pending`](Self::Pending) | new, not looked up yet; there is no webhook for it |
    /// | `notfound` | [`NotFound`](Self::NotFound) | the carrier has no information |
    /// | `inforeceived` | [`InfoReceived`](Self::InfoReceived) | announced to the carrier, not handed over yet |
    /// | `transit` | [`Transit`](Self::Transit) | on the way |
    /// | `pickup` | [`Pickup`](Self::Pickup) | out for delivery or waiting to be collected, **not** "picked up" |
    /// | `delivered` | [`Delivered`](Self::Delivered) | delivered |
    /// | `undelivered` | [`Undelivered`](Self::Undelivered) | delivery was tried and failed |
    /// | `exception` | [`Exception`](Self::Exception) | something went wrong; the parcel can still be delivered |
    /// | `expired` | [`Expired`](Self::Expired) | no news for a long time |
    ///
    /// # Examples
    ///
    /// ```
    /// use trackingmore_webhook::DeliveryStatus;
    ///
    /// let status = DeliveryStatus::from("Delivered");
    /// assert!(status.is_delivered());
    /// assert_eq!(status, "delivered");
    ///
    /// // A failed attempt is not a delivery, although its text contains the word.
    /// assert!(!DeliveryStatus::from("undelivered").is_delivered());
    ///
    /// assert_eq!(DeliveryStatus::from("created").to_string(), "created");
    /// ```
    pub enum DeliveryStatus {
        Pending = "pending": "new, not looked up yet",
        NotFound = "notfound": "the carrier has no information",
        InfoReceived = "inforeceived": "announced to the carrier, not handed over yet",
        Transit = "transit": "on the way",
        /// Not "picked up": the addressee does not have the parcel.
        Pickup = "pickup": "out for delivery, or waiting to be collected",
        Delivered = "delivered": "delivered",
        Undelivered = "undelivered": "delivery was tried and failed",
        /// Not final.
        Exception = "exception": "something went wrong; the parcel can still be delivered",
        Expired = "expired": "no news for a long time",
    }
}

impl DeliveryStatus {
    /// Returns whether this is [`Delivered`](Self::Delivered); [`Undelivered`](Self::Undelivered)
    /// is not.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        *self == Self::Delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 9] = [
        "pending",
        "notfound",
        "inforeceived",
        "transit",
        "pickup",
        "delivered",
        "undelivered",
        "exception",
        "expired",
    ];

    #[test]
    fn known_texts_are_read_in_any_case_and_written_in_lower_case() {
        for text in KNOWN {
            for sent in [text.to_owned(), text.to_uppercase(), format!(" {text} ")] {
                let status = DeliveryStatus::from(sent.as_str());
                assert!(!matches!(status, DeliveryStatus::Unknown(_)), "{sent}");
                assert_eq!(status, text);
                assert_eq!(status.to_string(), text);
                assert_eq!(serde_json::to_value(&status).unwrap(), text);
                assert!(status.meaning().is_some());
            }
        }
    }

    #[test]
    fn the_meanings_are_those_of_the_table() {
        for (text, meaning) in [
            ("pending", "new, not looked up yet"),
            ("notfound", "the carrier has no information"),
            (
                "inforeceived",
                "announced to the carrier, not handed over yet",
            ),
            ("transit", "on the way"),
            ("pickup", "out for delivery, or waiting to be collected"),
            ("delivered", "delivered"),
            ("undelivered", "delivery was tried and failed"),
            (
                "exception",
                "something went wrong; the parcel can still be delivered",
            ),
            ("expired", "no news for a long time"),
        ] {
            assert_eq!(
                DeliveryStatus::from(text).meaning(),
                Some(meaning),
                "{text}"
            );
        }
    }

    #[test]
    fn an_unknown_text_is_kept_as_sent() {
        for text in ["Created", "not found", "delivered!", " "] {
            let status: DeliveryStatus = text.parse().unwrap();
            assert_eq!(status, DeliveryStatus::Unknown(text.to_owned()));
            assert_eq!(status.to_string(), text);
            assert_eq!(status.meaning(), None);
        }
    }

    #[test]
    fn only_delivered_is_delivered() {
        let delivered: Vec<_> = KNOWN
            .into_iter()
            .chain(["delivered!", "redelivered"])
            .filter(|text| DeliveryStatus::from(*text).is_delivered())
            .collect();
        assert_eq!(delivered, ["delivered"]);
    }

    #[test]
    fn it_can_be_used_as_its_text() {
        let status = DeliveryStatus::from("Transit");
        let text: &str = status.as_ref();
        assert_eq!(text, "transit");
    }

    #[test]
    fn by_itself_it_is_a_json_text() {
        let read = serde_json::from_str::<DeliveryStatus>;
        assert_eq!(read(r#""TRANSIT""#).unwrap(), DeliveryStatus::Transit);
        for (json, text) in [
            (r#""""#, ""),
            (r#""null""#, "null"),
            ("3", "3"),
            ("true", "true"),
        ] {
            assert_eq!(
                read(json).unwrap(),
                DeliveryStatus::Unknown(text.to_owned())
            );
        }
        for json in ["null", "[]"] {
            assert!(read(json).is_err(), "{json}");
        }
        let error = read(r#"{"name": "Jane"}"#).unwrap_err().to_string();
        assert!(error.starts_with("expected a text"), "{error}");
    }
}
