//! Who is told that a task has ended.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ObjectUri;

/// Longest name of a topic in bytes: with an ending it is still the name of a file.
const LONGEST_TOPIC: usize = 240;

/// What a name of a topic must be; follows the field's name.
pub const TOPIC_RULE: &str =
    "must be 1 to 240 characters of A-Z, a-z, 0-9, '-' and '_', beginning with a letter or a digit";

/// The name of a topic. It is the name of a file, too: it never climbs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(String);

impl TopicName {
    /// Checks a name; the error follows the field's name.
    pub fn new(name: &str) -> Result<Self, String> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins && name.len() <= LONGEST_TOPIC && name.chars().all(legal) {
            return Ok(Self(name.to_owned()));
        }
        Err(TOPIC_RULE.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TopicName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::new(&name).map_err(|rule| format!("the name of a topic {rule}"))
    }
}

impl From<TopicName> for String {
    fn from(name: TopicName) -> Self {
        name.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a message that was not taken is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RetryPolicy {
    /// Three times, 10 to 20 s apart.
    Backoff,
    /// After 1, 2, 4 ... 512 s and then each 512 s, for a day.
    #[default]
    ExponentialDecay,
}

/// Who is told, once for all by intake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "Kind", rename_all_fields = "PascalCase")]
pub enum Receiver {
    /// A topic of the configuration, or a file of that name.
    Topic {
        /// Its name.
        name: TopicName,
    },
    /// Extension: an HTTP endpoint that the request names.
    Webhook {
        /// `http` or `https`.
        #[serde(rename = "URL")]
        url: String,
        /// When it is tried again.
        retry: RetryPolicy,
    },
    /// An object that gets the whole result as JSON.
    Object {
        /// The object.
        #[serde(rename = "URI")]
        uri: ObjectUri,
    },
}

impl Receiver {
    /// Where messages go: when one is not taken there, the others will hardly be.
    pub fn address(&self) -> String {
        match self {
            Self::Topic { name } => name.to_string(),
            Self::Webhook { url, .. } => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
                format!("{scheme}://{}", rest.split(['/', '?', '#']).next().unwrap_or_default())
            }
            Self::Object { uri } => format!("oss://{}", uri.bucket()),
        }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic { name } => write!(f, "topic {name}"),
            // What follows may be a secret of the receiver.
            Self::Webhook { url, .. } => f.write_str(url.split(['?', '#']).next().unwrap_or_default()),
            Self::Object { uri } => write!(f, "{uri}"),
        }
    }
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NoticeState {
    /// Its task has not ended.
    Waiting,
    /// It is to be sent, for the first time or again.
    Due,
    /// Its receiver has taken it.
    Delivered,
    /// It was tried as often as its policy says, or can never be delivered.
    GivenUp,
}

impl NoticeState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Due, Self::Delivered, Self::GivenUp];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Due => "Due",
            Self::Delivered => "Delivered",
            Self::GivenUp => "GivenUp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_of_one_machine_or_bucket_have_one_address() {
        let webhook = |url: &str| Receiver::Webhook { url: url.to_owned(), retry: RetryPolicy::Backoff }.address();
        assert_eq!(webhook("https://a.example:8443/x?y"), "https://a.example:8443");
        assert_eq!([webhook("http://a?x"), webhook("http://a#x"), webhook("http://a")], ["http://a"; 3]);
        let uri = ObjectUri::parse("oss://out/a/b.json").unwrap();
        assert_eq!(Receiver::Object { uri }.address(), "oss://out");
        assert_eq!(Receiver::Topic { name: TopicName::new("done").unwrap() }.address(), "done");
    }

    #[test]
    fn a_topic_is_the_name_of_a_file() {
        for good in ["t", "Topic-1_b", &"a".repeat(240)] {
            assert!(TopicName::new(good).is_ok(), "{good}");
        }
        for wrong in ["", "-t", "a/b", "..", "a.b", "ä", "a b", &"a".repeat(241)] {
            assert!(TopicName::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_receiver_is_kept_as_json_and_shows_no_query() {
        let webhook = Receiver::Webhook { url: "https://h/p?token=s#f".into(), retry: RetryPolicy::Backoff };
        let text = serde_json::to_string(&webhook).unwrap();
        assert_eq!(text, r#"{"Kind":"Webhook","URL":"https://h/p?token=s#f","Retry":"BACKOFF"}"#);
        assert_eq!(serde_json::from_str::<Receiver>(&text).unwrap(), webhook);
        assert_eq!(webhook.to_string(), "https://h/p");
    }
}
