/// The headers of a request, as the verifier reads them.
///
/// Implemented for slices, arrays and `Vec`s of `(name, value)` pairs, whose names compare without
/// regard to case, and with the feature `http` for
/// [`http::HeaderMap`](https://docs.rs/http/1/http/struct.HeaderMap.html).
///
/// An implementation must yield *every* value of a repeated header: the verifier refuses a
/// signature that is sent twice, so it must see both.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::Headers;
///
/// let headers = [("Signature", "a370"), ("Host", "example.com")];
/// assert_eq!(headers.values("signature").next(), Some(&b"a370"[..]));
/// assert_eq!(headers.values("timestamp").next(), None);
/// ```
pub trait Headers {
    /// Yields every value of the header `name`, which is lowercase, in the order received.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]>;
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for [(N, V)] {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(key, _)| {
                let key = key.as_ref();
                // Most names are lowercase already, and compare faster this way.
                key == name || key.eq_ignore_ascii_case(name)
            })
            .map(|(_, value)| value.as_ref())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const LEN: usize> Headers for [(N, V); LEN] {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.as_slice().values(name)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for Vec<(N, V)> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.as_slice().values(name)
    }
}

impl<H: Headers + ?Sized> Headers for &H {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        (**self).values(name)
    }
}

#[cfg(feature = "http")]
impl Headers for http::HeaderMap {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(headers: impl Headers, name: &str) -> Vec<Vec<u8>> {
        headers.values(name).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn names_of_pairs_compare_in_any_case_and_yield_every_value() {
        let pairs = [("SIGNATURE", "one"), ("other", "no"), ("signature", "two")];
        let expected = [b"one".to_vec(), b"two".to_vec()];
        assert_eq!(values(pairs, "signature"), expected);
        assert_eq!(values(&pairs[..], "signature"), expected);
        assert_eq!(values(pairs.to_vec(), "signature"), expected);
    }

    #[test]
    fn values_need_not_be_text() {
        let pairs = vec![("signature".to_owned(), vec![0xff, 0x00])];
        assert_eq!(values(pairs, "signature"), [vec![0xff, 0x00]]);
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_header_map_yields_every_value() {
        let mut map = http::HeaderMap::new();
        map.append("Signature", http::HeaderValue::from_static("one"));
        map.append("signature", http::HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(values(&map, "signature"), [b"one".to_vec(), vec![0xff]]);
        assert!(values(&map, "not a header name").is_empty());
    }
}
