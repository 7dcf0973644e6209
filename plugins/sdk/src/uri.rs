//! World `uri-policy`.

use crate::Error;

/// Where an output goes.
pub trait UriPolicy: 'static {
    /// Judges a template at submission, before any media is opened. `available` lists the names of the variables that will
    /// have a value for this target (`bucket`, `barename`, `tags.customer` ...).
    ///
    /// # Errors
    /// Names the variable or the part of the template that is wrong.
    fn check(template: &str, available: &[String]) -> Result<(), Error>;

    /// Expands the template to a complete URI (`oss://bucket/key`). The host checks bucket, key and rights of it again.
    ///
    /// # Errors
    /// As for [`UriPolicy::check`].
    fn expand(template: &str, variables: &Variables) -> Result<String, Error>;
}

/// The variables of one target. `autoext` holds the extension that the container and the segment format ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables(Vec<(String, String)>);

impl Variables {
    /// From pairs of name and value. Of equal names the first counts.
    pub fn new<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The names, in the host's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Names and values, in the host's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_names_counts() {
        let variables = Variables::new([("index", "1"), ("index", "2"), ("bucket", "b")]);
        assert_eq!(variables.get("index"), Some("1"));
        assert_eq!(variables.get("Index"), None);
        assert_eq!(variables.names().collect::<Vec<_>>(), ["index", "index", "bucket"]);
    }
}
