//! Names and values of a query or a form.

use std::borrow::Cow;

use axum::http::StatusCode;
use percent_encoding::percent_decode;

use crate::api::refusal::Refusal;

/// Most parameters that are read.
const MOST: usize = 1000;

/// Decodes names and values, in their order. A `+` is a space, as forms have it.
pub(super) fn decode(what: &str, text: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let refused = |message: String| Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message);
    let parts: Vec<_> = text.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).take(MOST + 1).collect();
    if parts.len() > MOST {
        return Err(refused(format!("the {what} must have at most {MOST} parameters")));
    }
    let pair = |part: &[u8]| {
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let mut half = || plain(halves.next().unwrap_or_default());
        Some((half()?, half()?))
    };
    parts
        .into_iter()
        .map(pair)
        .collect::<Option<_>>()
        .ok_or_else(|| refused(format!("the {what} must be UTF-8, percent-encoded: name=value&name=value")))
}

fn plain(text: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let pairs = decode("query", b"a=1&b=x+y%2B%E6%99%BA&&c&d=p=q").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "x y+智"), ("c", ""), ("d", "p=q")]);
        assert!(decode("query", b"").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_utf_8_or_too_much_is_refused() {
        assert!(decode("form", b"a=%ff").is_err());
        assert!(decode("form", &b"a&".repeat(MOST)).is_ok());
        assert!(decode("form", &b"a&".repeat(MOST + 1)).is_err());
    }
}
