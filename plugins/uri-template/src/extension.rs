//! Whether an expanded URI has an extension, and the one that it gets otherwise.
//!
//! Only the last path segment of the expanded URI counts, so a dot in a folder is none. In it, the template's own text
//! decides: a dot that the author of the template wrote makes an extension, a dot that came in with a value does not
//! (`{barename}` of `talk.2024.mov` is `talk.2024`, and `.2024` is no extension). The exceptions are the values that are file
//! names with their extension by definition, `basename` and `key`; and whatever ends in the container's extension already
//! has it. As everywhere, a segment that only begins with a dot has no extension, and neither has one that ends with it.

use wasmux_sdk::Error;

/// A URI in the making, with the places at which a dot makes an extension.
#[derive(Debug, Default)]
pub(crate) struct Uri {
    text: String,
    /// Byte positions of dots that count, in their order.
    dots: Vec<usize>,
}

impl Uri {
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Text of the template.
    pub(crate) fn push_literal(&mut self, text: &str) {
        self.push(text, true);
    }

    /// Value of a variable.
    pub(crate) fn push_value(&mut self, name: &str, value: &str) {
        self.push(value, matches!(name, "basename" | "key"));
    }

    fn push(&mut self, text: &str, dots_count: bool) {
        if dots_count {
            let start = self.text.len();
            self.dots.extend(text.match_indices('.').map(|(at, _)| start + at));
        }
        self.text.push_str(text);
    }

    /// The URI with an extension.
    pub(crate) fn finish(mut self, extension: Option<&str>) -> Result<String, Error> {
        let start = self.text.rfind('/').map_or(0, |slash| slash + 1);
        let segment = &self.text[start..];
        // A segment of nothing but dots means a folder, or would with an extension behind it look like a hidden file.
        if segment.bytes().all(|byte| byte == b'.') {
            return Err(no_object());
        }
        if !segment.ends_with('.') && self.dots.iter().any(|&dot| dot > start) {
            return Ok(self.text);
        }
        let Some(extension) = extension else {
            return Err(Error::new(
                "NoExtension",
                "the URI has no file extension, and there is no variable `autoext` to give it one; write the extension",
            ));
        };
        let stem = segment.len().checked_sub(extension.len() + 1);
        let has_it = stem.is_some_and(|stem| {
            stem > 0
                && segment.as_bytes()[stem] == b'.'
                && segment.as_bytes()[stem + 1..].eq_ignore_ascii_case(extension.as_bytes())
        });
        if !has_it {
            if !segment.ends_with('.') {
                self.text.push('.');
            }
            self.text.push_str(extension);
        }
        Ok(self.text)
    }
}

/// The error for a URI that names a folder.
pub(crate) fn no_object() -> Error {
    Error::new(
        "InvalidURI",
        "the URI ends with `/` or with a name of nothing but dots; it must name an object: oss://bucket/key",
    )
}
