//! Documents rather than lines: bodies of deliveries.

use super::rules::{Counts, MASK};
use super::text;
use std::borrow::Cow;

/// A delivery's body, redacted: each string of a JSON document by itself, so that it stays one; other text as it is.
#[must_use]
pub fn body(bytes: &[u8]) -> String {
    let whole = String::from_utf8_lossy(bytes);
    let mut counts = Counts::new();
    // Escapes hide hints, and where a word begins: then the strings themselves are looked at.
    let escaped = memchr::memchr(b'\\', bytes).is_some();
    let hit = escaped || matches!(text(&whole, &mut counts), Cow::Owned(_));
    if !hit {
        return whole.into_owned();
    }
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(mut value) => {
            json(&mut value, &mut counts);
            value.to_string()
        }
        Err(_) => text(&whole, &mut counts).into_owned(),
    }
}

/// Masks every string of a JSON value, names of members too.
pub fn json(value: &mut serde_json::Value, counts: &mut Counts) {
    match value {
        serde_json::Value::String(string) => {
            if let Cow::Owned(masked) = text(string, counts) {
                *string = masked;
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| json(item, counts)),
        serde_json::Value::Object(members) => {
            for (name, mut member) in std::mem::take(members) {
                json(&mut member, counts);
                mask_named(&name, &mut member, counts);
                members.insert(text(&name, counts).into_owned(), member);
            }
        }
        _ => {}
    }
}

/// A member's name says what its value is, as `name=value` would.
fn mask_named(name: &str, member: &mut serde_json::Value, counts: &mut Counts) {
    let Some(value) = member.as_str().filter(|value| value.len() >= 12 && !value.contains(MASK)) else { return };
    if matches!(text(&format!("{name}={value}"), counts), Cow::Owned(_)) {
        *member = MASK.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_names_hide_nothing() {
        let token = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
        let out = body(format!("{{\"a\":\"\\u0067hp_{token}\",\"api_token\":\"{token}\"}}").as_bytes());
        assert!(!out.contains(token), "{out}");
    }

    #[test]
    fn bodies_stay_json() {
        let body = body(br#"{"a":"https://u:secret123@h/x","k":["-----BEGIN PRIVATE KEY-----\nMIIEabc\n-----END PRIVATE KEY-----\n"]}"#);
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["a"], "https://u:[redacted]@h/x");
        assert!(!body.contains("MIIE"));
    }
}
