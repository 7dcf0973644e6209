//! Expands TargetURI templates: the rules of section "TargetURI template" and of decisions 9, 10 and 15 of the API reference.
//!
//! `{name}` is a variable, doubled braces are literal ones. The names of tags (`tags.customer`) are matched whole, whatever
//! characters they have. Everything else that Python's `str.format` knows (format specs, conversions, attributes, indices,
//! positions) is refused, and so is a variable that is unknown or has no value.
//!
//! A URI whose last path segment has no extension gets the one of the container (`{autoext}`). What counts as an extension
//! stands in the module `extension`.

mod extension;
mod template;

#[cfg(test)]
mod tests;

use wasmux_sdk::{Error, UriPolicy, Variables};

use template::{Names, Piece, Template};

/// Longest URI in bytes that is expanded. The host's own limit for keys (1,023) is lower; this one only keeps hostile
/// values from being multiplied.
const MAX_BYTES: usize = 4096;

/// What every URI begins with.
const SCHEME: &str = "oss://";

/// The policy.
#[derive(Debug)]
pub struct UriTemplate;

impl UriPolicy for UriTemplate {
    fn check(template: &str, available: &[String]) -> Result<(), Error> {
        let names = Names { valued: available.iter().map(String::as_str).collect(), empty: Vec::new() };
        let template = Template::parse(template, &names)?;
        check_start(&template)?;
        check_end(&template)
    }

    fn expand(template: &str, variables: &Variables) -> Result<String, Error> {
        let (empty, valued) = variables.iter().partition::<Vec<_>, _>(|(_, value)| value.is_empty());
        let name = |(name, _): (_, _)| name;
        let names =
            Names { valued: valued.into_iter().map(name).collect(), empty: empty.into_iter().map(name).collect() };
        let template = Template::parse(template, &names)?;
        check_start(&template)?;
        check_end(&template)?;
        let mut uri = extension::Uri::default();
        for piece in &template.pieces {
            match piece {
                Piece::Literal(text) => uri.push_literal(text),
                Piece::Variable(name) => uri.push_value(name, variables.get(name).unwrap_or_default()),
            }
            if uri.len() > MAX_BYTES {
                return Err(Error::new(
                    "URITooLong",
                    format!("the template expands to more than {MAX_BYTES} bytes; shorten it or its tags"),
                ));
            }
        }
        uri.finish(variables.get("autoext").filter(|extension| !extension.is_empty()))
    }
}

/// Refuses at submission what cannot become a URI of an object store, as far as literal text shows it.
fn check_start(template: &Template<'_>) -> Result<(), Error> {
    let (start, all) = match template.pieces.first() {
        Some(Piece::Literal(text)) => (text.as_str(), template.pieces.len() == 1),
        Some(Piece::Variable(_)) => return Ok(()),
        None => ("", true),
    };
    if start.starts_with(SCHEME) || (!all && SCHEME.starts_with(start)) {
        return Ok(());
    }
    let start = template::shortened(start);
    Err(Error::new("InvalidURI", format!("the template must have the form oss://bucket/key; it begins with `{start}`")))
}

/// Refuses a template that names a folder.
fn check_end(template: &Template<'_>) -> Result<(), Error> {
    match template.pieces.last() {
        Some(Piece::Literal(text)) if text.ends_with('/') => Err(extension::no_object()),
        _ => Ok(()),
    }
}

wasmux_sdk::register_uri_policy!(UriTemplate);
