//! Says where an output goes: `{yyyy}`, `{mm}` and `{dd}` of a template become the day on which the task was created, and each other
//! `{name}` the host's variable of that name. Its idea: a plugin has no clock. What it needs to know of the world stands in the
//! variables, so a task that is run again the next day writes to the same place.
//!
//! [`UriPolicy::check`] judges a template when the task is submitted; [`UriPolicy::expand`] makes the URI when it runs. The host
//! checks bucket, key and rights of the answer again.

use wasmux_sdk::{Error, UriPolicy, Variables};

/// The names of this policy, and the host's variables for them (UTC). `year`, `mon` and `day` would be those of the source.
const DATE: [(&str, &str); 3] = [("yyyy", "t_year"), ("mm", "t_mon"), ("dd", "t_day")];

/// The policy.
#[derive(Debug)]
pub struct DatedUri;

impl UriPolicy for DatedUri {
    fn check(template: &str, available: &[String]) -> Result<(), Error> {
        let names = || available.iter().map(String::as_str);
        replace(template, names(), |name| names().any(|other| other == name).then_some("")).map(drop)
    }

    fn expand(template: &str, variables: &Variables) -> Result<String, Error> {
        replace(template, variables.names(), |name| variables.get(name))
    }
}

/// The template with each `{name}` replaced by what `value` has for it.
fn replace<'v>(
    template: &str,
    names: impl Iterator<Item = &'v str>,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<String, Error> {
    let mut uri = String::new();
    let mut rest = template;
    while let Some((text, behind)) = rest.split_once('{') {
        let (name, after) = behind
            .split_once('}')
            .ok_or_else(|| Error::new("InvalidTemplate", format!("`{{{behind}` has no closing brace")))?;
        let date = DATE.iter().find(|(own, _)| *own == name);
        let Some(value) = value(date.map_or(name, |(_, host)| host)) else {
            let all: Vec<_> = DATE.iter().map(|(own, _)| *own).chain(names).collect();
            let message = format!("there is no variable `{name}` with a value; there are {}", all.join(", "));
            return Err(Error::new("UnknownVariable", message));
        };
        uri.push_str(text);
        uri.push_str(value);
        rest = after;
    }
    uri.push_str(rest);
    Ok(uri)
}

wasmux_sdk::register_uri_policy!(DatedUri);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_filed_by_day() {
        let task = [("t_year", "2026"), ("t_mon", "03"), ("t_day", "09")];
        let others = [("year", "2001"), ("bucket", "media"), ("barename", "Holiday"), ("autoext", "mp4")];
        let variables = Variables::new(task.into_iter().chain(others));
        let uri = DatedUri::expand("oss://{bucket}/{yyyy}/{mm}-{dd}/{barename}-{year}.{autoext}", &variables);
        assert_eq!(uri.unwrap(), "oss://media/2026/03-09/Holiday-2001.mp4");
    }

    #[test]
    fn unknown_variables_are_found_at_submission() {
        let available = ["bucket", "t_year"].map(str::to_owned);
        assert_eq!(DatedUri::check("oss://{bucket}/{yyyy}/x", &available), Ok(()));
        let error = DatedUri::check("oss://{bucket}/{nobody}", &available).unwrap_err();
        assert!(error.code() == "UnknownVariable" && error.message().contains("`nobody`"), "{error}");
        assert!(error.message().contains("there are yyyy, mm, dd, bucket, t_year"), "{error}");
        assert_eq!(DatedUri::check("oss://{bucket}/{hh}", &available).unwrap_err().code(), "UnknownVariable");
        assert_eq!(DatedUri::check("oss://{bucket", &available).unwrap_err().code(), "InvalidTemplate");
    }
}
