//! What exactly happened, within a status.

use super::DeliveryStatus;
use super::open_set::open_set;

open_set! {
    /// What exactly happened, within a [`DeliveryStatus`]: the vendor's `substatus`.
    ///
    /// The set is open: a code that is not in the table is kept in [`Unknown`](Self::Unknown).
    /// Codes are read in any case and with whitespace around them; the known ones are always
    /// written in lower case.
    ///
    /// | code | meaning in V4 | in older versions |
    /// |---|---|---|
    /// | `inforeceived001` | waiting for the courier to pick up |  |
    /// | `notfound001` | waiting for the courier to pick up | V2 and V3 only; V4 has `inforeceived001` |
    /// | `notfound002` | no tracking information |  |
    /// | `transit001` | on the way |  |
    /// | `transit002` | arrived at hub or sorting centre |  |
    /// | `transit003` | arrived at delivery facility |  |
    /// | `transit004` | arrived at destination country |  |
    /// | `transit005` | customs clearance completed |  |
    /// | `transit006` | item dispatched |  |
    /// | `transit007` | departed airport |  |
    /// | `pickup001` | out for delivery |  |
    /// | `pickup002` | ready for collection |  |
    /// | `pickup003` | customer contacted before final delivery |  |
    /// | `delivered001` | delivered |  |
    /// | `delivered002` | picked up by addressee |  |
    /// | `delivered003` | signed by addressee |  |
    /// | `delivered004` | left at door or with neighbour |  |
    /// | `undelivered001` | address issue |  |
    /// | `undelivered002` | receiver not home |  |
    /// | `undelivered003` | impossible to locate |  |
    /// | `undelivered004` | other |  |
    /// | `exception004` | unclaimed |  |
    /// | `exception005` | other | V2: sent back to the sender |
    /// | `exception006` | detained by customs |  |
    /// | `exception007` | lost or damaged |  |
    /// | `exception008` | cancelled before pickup |  |
    /// | `exception009` | refused by addressee | V2: returned |
    /// | `exception010` | returned to sender |  |
    /// | `exception011` | being sent to sender |  |
    /// | `expired001` | no update for 30+ days |  |
    ///
    /// # The same code, another meaning
    ///
    /// Nothing in a delivery says which version the account uses. Where the versions disagree,
    /// [`meaning`](Self::meaning) returns the meaning in V4: if your account uses V2, interpret
    /// `exception005` and `exception009` yourself.
    ///
    /// # Examples
    ///
    /// ```
    /// use trackingmore_webhook::{DeliveryStatus, Substatus};
    ///
    /// let substatus = Substatus::from("delivered004");
    /// assert_eq!(substatus, Substatus::Delivered004);
    /// assert_eq!(substatus.family(), Some(DeliveryStatus::Delivered));
    /// assert_eq!(substatus.meaning(), Some("left at door or with neighbour"));
    /// ```
    pub enum Substatus {
        InfoReceived001 = "inforeceived001": "waiting for the courier to pick up",
        /// V2 and V3 only; V4 says `inforeceived001`.
        NotFound001 = "notfound001": "waiting for the courier to pick up",
        NotFound002 = "notfound002": "no tracking information",
        Transit001 = "transit001": "on the way",
        Transit002 = "transit002": "arrived at hub or sorting centre",
        Transit003 = "transit003": "arrived at delivery facility",
        Transit004 = "transit004": "arrived at destination country",
        Transit005 = "transit005": "customs clearance completed",
        Transit006 = "transit006": "item dispatched",
        Transit007 = "transit007": "departed airport",
        Pickup001 = "pickup001": "out for delivery",
        Pickup002 = "pickup002": "ready for collection",
        Pickup003 = "pickup003": "customer contacted before final delivery",
        Delivered001 = "delivered001": "delivered",
        Delivered002 = "delivered002": "picked up by addressee",
        Delivered003 = "delivered003": "signed by addressee",
        Delivered004 = "delivered004": "left at door or with neighbour",
        Undelivered001 = "undelivered001": "address issue",
        Undelivered002 = "undelivered002": "receiver not home",
        Undelivered003 = "undelivered003": "impossible to locate",
        Undelivered004 = "undelivered004": "other",
        Exception004 = "exception004": "unclaimed",
        /// In V2: sent back to the sender.
        Exception005 = "exception005": "other",
        Exception006 = "exception006": "detained by customs",
        Exception007 = "exception007": "lost or damaged",
        Exception008 = "exception008": "cancelled before pickup",
        /// In V2: returned.
        Exception009 = "exception009": "refused by addressee",
        Exception010 = "exception010": "returned to sender",
        Exception011 = "exception011": "being sent to sender",
        Expired001 = "expired001": "no update for 30+ days",
    }
}

impl Substatus {
    /// Returns the status in the name of this code: the code without the digits at its end.
    ///
    /// New codes of known families have one too. It can differ from the status that was sent with
    /// the code: `transit` with `notfound001` occurs in real data.
    #[must_use]
    pub fn family(&self) -> Option<DeliveryStatus> {
        let code = self.as_str().trim();
        let family =
            DeliveryStatus::from(code.trim_end_matches(|digit: char| digit.is_ascii_digit()));
        (!matches!(family, DeliveryStatus::Unknown(_))).then_some(family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, DeliveryStatus, std::ops::RangeInclusive<u8>); 9] = [
        ("inforeceived", DeliveryStatus::InfoReceived, 1..=1),
        ("notfound", DeliveryStatus::NotFound, 1..=2),
        ("transit", DeliveryStatus::Transit, 1..=7),
        ("pickup", DeliveryStatus::Pickup, 1..=3),
        ("delivered", DeliveryStatus::Delivered, 1..=4),
        ("undelivered", DeliveryStatus::Undelivered, 1..=4),
        ("exception", DeliveryStatus::Exception, 4..=9),
        ("exception", DeliveryStatus::Exception, 10..=11),
        ("expired", DeliveryStatus::Expired, 1..=1),
    ];

    #[test]
    fn every_code_of_the_table_is_known_and_in_its_family() {
        let mut codes = 0;
        for (name, family, numbers) in KNOWN {
            for number in numbers {
                let code = format!("{name}{number:03}");
                let substatus = Substatus::from(code.to_uppercase());
                assert!(!matches!(substatus, Substatus::Unknown(_)), "{code}");
                assert_eq!(substatus, code.as_str());
                assert_eq!(serde_json::to_value(&substatus).unwrap(), code.as_str());
                assert_eq!(substatus.family(), Some(family.clone()), "{code}");
                assert!(substatus.meaning().is_some(), "{code}");
                codes += 1;
            }
        }
        assert_eq!(codes, 30);
    }

    #[test]
    fn the_meanings_are_the_vendors() {
        for (text, meaning) in [
            ("inforeceived001", "waiting for the courier to pick up"),
            ("notfound001", "waiting for the courier to pick up"),
            ("notfound002", "no tracking information"),
            ("transit001", "on the way"),
            ("transit002", "arrived at hub or sorting centre"),
            ("transit003", "arrived at delivery facility"),
            ("transit004", "arrived at destination country"),
            ("transit005", "customs clearance completed"),
            ("transit006", "item dispatched"),
            ("transit007", "departed airport"),
            ("pickup001", "out for delivery"),
            ("pickup002", "ready for collection"),
            ("pickup003", "customer contacted before final delivery"),
            ("delivered001", "delivered"),
            ("delivered002", "picked up by addressee"),
            ("delivered003", "signed by addressee"),
            ("delivered004", "left at door or with neighbour"),
            ("undelivered001", "address issue"),
            ("undelivered002", "receiver not home"),
            ("undelivered003", "impossible to locate"),
            ("undelivered004", "other"),
            ("exception004", "unclaimed"),
            ("exception005", "other"),
            ("exception006", "detained by customs"),
            ("exception007", "lost or damaged"),
            ("exception008", "cancelled before pickup"),
            ("exception009", "refused by addressee"),
            ("exception010", "returned to sender"),
            ("exception011", "being sent to sender"),
            ("expired001", "no update for 30+ days"),
        ] {
            assert_eq!(Substatus::from(text).meaning(), Some(meaning), "{text}");
        }
    }

    #[test]
    fn a_new_code_is_kept_and_has_a_family_if_its_name_has_one() {
        for (code, family) in [
            ("transit099", Some(DeliveryStatus::Transit)),
            ("Undelivered12", Some(DeliveryStatus::Undelivered)),
            ("created", None),
            ("redelivered001", None),
            ("001", None),
        ] {
            let substatus = Substatus::from(code);
            assert_eq!(substatus, Substatus::Unknown(code.to_owned()));
            assert_eq!(substatus.family(), family, "{code}");
            assert_eq!(substatus.meaning(), None);
        }
    }
}
