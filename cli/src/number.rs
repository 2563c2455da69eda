use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

/// Returns a parser of numbers in a range.
pub(crate) fn within<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync
where
    T: Clone + Display + FromStr + PartialOrd + Send + Sync,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let (least, most) = range.clone().into_inner();
        number.ok_or_else(|| format!("give a number from {least} to {most}"))
    }
}
