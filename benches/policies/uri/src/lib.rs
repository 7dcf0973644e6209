//! What the templates for URI policies in other languages do: each `{name}` becomes the variable of that name, in small letters.

use wasmux_sdk::{Error, UriPolicy, Variables};

/// The policy.
#[derive(Debug)]
pub struct SmallLetters;

impl UriPolicy for SmallLetters {
    fn check(template: &str, available: &[String]) -> Result<(), Error> {
        replace(template, |name| available.iter().any(|other| other == name).then_some("")).map(drop)
    }

    fn expand(template: &str, variables: &Variables) -> Result<String, Error> {
        replace(template, |name| variables.get(name)).map(|uri| uri.to_lowercase())
    }
}

fn replace<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, Error> {
    let (mut uri, mut rest) = (String::new(), template);
    while let Some((text, behind)) = rest.split_once('{') {
        let (name, after) = behind
            .split_once('}')
            .ok_or_else(|| Error::new("InvalidTemplate", format!("`{{{behind}` has no closing brace")))?;
        let value = value(name)
            .ok_or_else(|| Error::new("UnknownVariable", format!("there is no variable `{name}` with a value")))?;
        uri.extend([text, value]);
        rest = after;
    }
    uri.push_str(rest);
    Ok(uri)
}

wasmux_sdk::register_uri_policy!(SmallLetters);
