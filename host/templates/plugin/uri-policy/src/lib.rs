//! Says where an output goes: replaces each `{name}` of the template by the variable of that name, and writes all letters of
//! the key in lower case.
//!
//! [`UriPolicy::check`] judges a template when the task is submitted; [`UriPolicy::expand`] makes the URI when it runs. The host
//! checks bucket, key and rights of the answer again.

use wasmux_sdk::{Error, UriPolicy, Variables};

/// The policy.
#[derive(Debug)]
pub struct LowerCase;

impl UriPolicy for LowerCase {
    fn check(template: &str, available: &[String]) -> Result<(), Error> {
        replace(template, |name| available.iter().any(|other| other == name).then_some("")).map(drop)
    }

    fn expand(template: &str, variables: &Variables) -> Result<String, Error> {
        replace(template, |name| variables.get(name)).map(|uri| uri.to_lowercase())
    }
}

/// The template with each `{name}` replaced by what `value` has for it.
fn replace<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, Error> {
    let mut uri = String::new();
    let mut rest = template;
    while let Some((text, behind)) = rest.split_once('{') {
        let (name, after) = behind
            .split_once('}')
            .ok_or_else(|| Error::new("InvalidTemplate", format!("`{{{behind}` has no closing brace")))?;
        let value = value(name)
            .ok_or_else(|| Error::new("UnknownVariable", format!("there is no variable `{name}` with a value")))?;
        uri.push_str(text);
        uri.push_str(value);
        rest = after;
    }
    uri.push_str(rest);
    Ok(uri)
}

wasmux_sdk::register_uri_policy!(LowerCase);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_letters_are_small() {
        let variables = Variables::new([("bucket", "media"), ("barename", "Holiday"), ("autoext", "mp4")]);
        let uri = LowerCase::expand("oss://{bucket}/Out/{barename}.{autoext}", &variables);
        assert_eq!(uri.unwrap(), "oss://media/out/holiday.mp4");
    }

    #[test]
    fn unknown_variables_are_found_at_submission() {
        let available = ["bucket".to_owned()];
        assert_eq!(LowerCase::check("oss://{bucket}/x", &available), Ok(()));
        let error = LowerCase::check("oss://{bucket}/{nobody}", &available).unwrap_err();
        assert!(error.code() == "UnknownVariable" && error.message().contains("nobody"), "{error}");
        assert_eq!(LowerCase::check("oss://{bucket", &available).unwrap_err().code(), "InvalidTemplate");
    }
}
