//! Cases of policies: asked as `resolve` asks them, and their answers judged as it judges them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Outcome, Run};
use crate::intake::SubmissionCheck;
use crate::resolve::{self, ParameterPolicy, PluginIds, UriPolicy};

const EXPECTED_URI: &str = "expected.txt";
const EXPECTED_ANSWER: &str = "expected.json";
/// The answer that was not expected, for a person to look at.
const ANSWER: &str = "got.json";
/// Differences of an answer that are told.
const TOLD: usize = 5;

impl Run<'_> {
    /// A template is checked at submission, and expanded when the task runs.
    pub(super) fn uri(&mut self, template: &str, variables: &[(String, String)]) -> Outcome {
        let sandbox = &*self.app.sandbox;
        let available: Vec<_> = variables.iter().map(|(name, _)| name.clone()).collect();
        let checked = sandbox.check_template(self.plugin, template, &available);
        let answer = match checked {
            Ok(Ok(())) => sandbox.expand(self.plugin, template, variables),
            Ok(Err(fault)) => {
                let place = if fault.field.is_empty() { String::new() } else { format!("{}: ", fault.field) };
                return Ok(self.failed(&format!("{place}{} (in check)", fault.message)));
            }
            Err(failure) => Err(failure),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => return Ok(self.failed(&failure.message)),
        };
        self.warnings.extend(answer.warnings);
        if let Some(verdict) = self.must_fail() {
            return Ok(verdict);
        }
        let expected = read(&self.case.folder.join(EXPECTED_URI))?;
        let difference = expected
            .filter(|expected| expected.trim_end() != answer.text)
            .map(|expected| format!("it says `{}` and not `{}`", answer.text, expected.trim_end()));
        self.compared(EXPECTED_URI, difference, |file| {
            fs::write(file, format!("{}\n", answer.text)).map_err(|error| error.to_string())
        })
    }

    pub(super) fn parameters(&mut self, document: &Path) -> Outcome {
        let text = read(document)?.unwrap_or_default();
        let wrong = |error: serde_json::Error| vec![format!("{}: this is no JSON: {error}", document.display())];
        serde_json::from_str::<Value>(&text).map_err(wrong)?;
        let sandbox = &*self.app.sandbox;
        let judged = sandbox.id(self.plugin).and_then(|id| {
            let answer = sandbox.resolve(self.plugin, &text)?;
            resolve::judge(&text, &answer.text, &id)?;
            Ok(answer)
        });
        let answer = match judged {
            Ok(answer) => answer,
            Err(failure) => return Ok(self.failed(&failure.message)),
        };
        self.warnings.extend(answer.warnings);
        if let Some(verdict) = self.must_fail() {
            return Ok(verdict);
        }
        let got: Value = match serde_json::from_str(&answer.text) {
            Ok(got) => got,
            Err(error) => return Ok(self.failed(&format!("its answer is no JSON: {error}"))),
        };
        let shown = format!("{got:#}\n");
        let file = self.case.folder.join(EXPECTED_ANSWER);
        let expected = match read(&file)? {
            Some(text) => Some(
                serde_json::from_str::<Value>(&text)
                    .map_err(|error| vec![format!("{}: this is no JSON: {error}", file.display())])?,
            ),
            None => None,
        };
        let mut differences = Vec::new();
        if let Some(expected) = &expected {
            compare("", expected, &got, &mut differences);
        }
        self.clear(ANSWER);
        let difference = (!differences.is_empty()).then(|| {
            let more = differences.len().saturating_sub(TOLD);
            differences.truncate(TOLD);
            let mut reason = differences.join(", ");
            if more > 0 {
                reason.push_str(&format!(", and {more} more"));
            }
            let path = self.case.folder.join(ANSWER);
            match fs::write(&path, &shown) {
                Ok(()) if !self.bless => format!("{reason}; see {}", path.display()),
                _ => reason,
            }
        });
        if self.bless {
            self.clear(ANSWER);
        }
        self.compared(EXPECTED_ANSWER, difference, |file| fs::write(file, &shown).map_err(|error| error.to_string()))
    }
}

/// A file's text; `None` where there is none.
fn read(file: &Path) -> Result<Option<String>, Vec<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(vec![format!("{}: {error}", file.display())]),
    }
}

/// Collects what differs, each with its path. Numbers are equal where their values are.
fn compare(path: &str, expected: &Value, got: &Value, differences: &mut Vec<String>) {
    let named = if path.is_empty() { "the answer" } else { path };
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            for (name, value) in expected {
                match got.get(name) {
                    Some(got) => compare(&below(name), value, got, differences),
                    None => differences.push(format!("{} is missing and not {value}", below(name))),
                }
            }
            for (name, value) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                differences.push(format!("{} is {value} and not missing", below(name)));
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(&format!("{path}[{index}]"), expected, got, differences);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (expected, got) if expected == got => {}
        (expected, got) => differences.push(format!("{named} is {got} and not {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_have_their_paths() {
        let expected = json!({"Video": {"Scale": {"Width": 1280}, "List": [1, 2]}, "Old": true, "Same": 23});
        let got = json!({"Video": {"Scale": {"Width": 640}, "List": [1, 3]}, "New": null, "Same": 23.0});
        let mut differences = Vec::new();
        compare("", &expected, &got, &mut differences);
        differences.sort();
        assert_eq!(
            differences,
            [
                "New is null and not missing",
                "Old is missing and not true",
                "Video.List[1] is 3 and not 2",
                "Video.Scale.Width is 640 and not 1280"
            ]
        );
        let mut none = Vec::new();
        compare("", &expected, &expected, &mut none);
        assert!(none.is_empty());
    }
}
