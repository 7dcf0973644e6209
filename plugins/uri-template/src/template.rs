//! Takes a template apart.

use wasmux_sdk::Error;

/// How much of a template a message quotes, in characters.
const QUOTED: usize = 60;

/// How many names a message lists.
const LISTED: usize = 40;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text as it goes into the URI, braces already single.
    Literal(String),
    /// Name of a variable that has a value.
    Variable(&'a str),
}

/// A template all of whose variables have values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template<'a> {
    /// Never two literals in a row, never an empty literal.
    pub(crate) pieces: Vec<Piece<'a>>,
}

/// The variables of a target.
#[derive(Debug, Clone)]
pub(crate) struct Names<'a> {
    /// Those with a value.
    pub(crate) valued: Vec<&'a str>,
    /// Those that are known and have none here.
    pub(crate) empty: Vec<&'a str>,
}

impl<'a> Template<'a> {
    /// Parses a template in which only these names may stand.
    pub(crate) fn parse(template: &'a str, names: &Names<'_>) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from_brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from_brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(after) = from_brace.strip_prefix('{') {
                let (name, after) = variable(template, after, names)?;
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Variable(name));
                rest = after;
            } else {
                return Err(unbalanced(template, from_brace, "closes nothing; write `}}` for a literal brace"));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }
}

/// The variable whose text begins after an opening brace, and what follows its closing brace.
fn variable<'a>(template: &str, text: &'a str, names: &Names<'_>) -> Result<(&'a str, &'a str), Error> {
    let Some(end) = text.find(['{', '}']) else {
        return Err(unbalanced(template, text, "is never closed; write `{{` for a literal brace"));
    };
    let (name, after) = text.split_at(end);
    let Some(after) = after.strip_prefix('}') else {
        let name = shortened(name);
        return Err(unsupported(&format!("`{{{name}` has another brace inside of a variable"), names));
    };
    if names.valued.contains(&name) { Ok((name, after)) } else { Err(refusal(name, names)) }
}

/// Why this name cannot stand in the template.
fn refusal(name: &str, names: &Names<'_>) -> Error {
    if names.empty.contains(&name) {
        return unknown(&format!("the variable `{name}` has no value for this target"), names);
    }
    if name.is_empty() || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return unsupported(&format!("`{{{}}}` names no variable", shortened(name)), names);
    }
    // A tag's name may have any of these characters, so the longest known name that it could begin with decides.
    let known = names
        .valued
        .iter()
        .chain(&names.empty)
        .filter(|known| name.strip_prefix(**known).is_some_and(|rest| rest.starts_with(['!', ':', '[', '.'])));
    let base = match known.max_by_key(|known| known.len()) {
        Some(known) => known,
        None if name.starts_with("tags.") => name,
        None => name.split(['!', ':', '[', '.']).next().unwrap_or(name),
    };
    let what = match name[base.len()..].chars().next() {
        Some('!') => "a conversion",
        Some(':') => "a format spec",
        Some('[') => "an index",
        Some(_) => "an attribute",
        None => return unknown(&format!("the variable `{}` is unknown", shortened(name)), names),
    };
    let (name, base) = (shortened(name), shortened(base));
    unsupported(&format!("`{{{name}}}` has {what}, which is not supported; write `{{{base}}}`"), names)
}

fn unknown(what: &str, names: &Names<'_>) -> Error {
    Error::new("UnknownVariable", format!("{what}; {}", listed(names)))
}

fn unsupported(what: &str, names: &Names<'_>) -> Error {
    Error::new("UnsupportedSyntax", format!("{what}; {}", listed(names)))
}

fn unbalanced(template: &str, from: &str, what: &str) -> Error {
    // `from` is a tail of the template, or that without its opening brace: both count to the brace.
    let brace = template.len() - from.len() - usize::from(!from.starts_with('}'));
    let position = template.get(..brace).map_or(0, |before| before.chars().count()) + 1;
    let sign = if from.starts_with('}') { '}' } else { '{' };
    Error::new("UnbalancedBraces", format!("the `{sign}` at character {position} {what}"))
}

fn listed(names: &Names<'_>) -> String {
    if names.valued.is_empty() {
        return "no variables are available".to_owned();
    }
    let mut sorted = names.valued.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let shown: Vec<String> = sorted.iter().take(LISTED).map(|name| shortened(name)).collect();
    let more = sorted.len().saturating_sub(LISTED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("available are {}{rest}", shown.join(", "))
}

/// At most as much as a message can bear.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
