//! Expands the notation of [`statements`](super::statements).

/// Replaces each `name(argument)` with `with(argument)`.
pub(super) fn expand(text: &str, name: &str, with: impl Fn(&str) -> String) -> String {
    let open = format!("{name}(");
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&open) {
        let (argument, after) = after.split_once(')').unwrap_or((after, ""));
        expanded.push_str(before);
        expanded.push_str(&with(argument));
        rest = after;
    }
    expanded.push_str(rest);
    expanded
}
