//! Templates of tasks in the queue's database, each of one project.

use super::QueueError;
use crate::task::Timestamp;

/// Most templates of one project.
pub const MAX_TEMPLATES: u32 = 1000;

/// One template, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name within its project.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last; at first, when it was made.
    pub updated: Timestamp,
}

/// Answer of [`Templates::put_template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutTemplate {
    /// It was made.
    Created(Template),
    /// It was there, and has another text.
    Changed(Template),
    /// The project has [`MAX_TEMPLATES`] others.
    TooMany,
}

/// The templates of a queue. Each method is one transaction. They go with their project.
pub trait Templates: Send + Sync {
    /// The template with its text, which is JSON.
    fn template(&self, project: &str, name: &str) -> Result<Option<(Template, String)>, QueueError>;

    /// All of a project, in the order of their names.
    fn list_templates(&self, project: &str) -> Result<Vec<Template>, QueueError>;

    /// Makes or replaces one. [`QueueError::NoProject`] where its project is unknown.
    fn put_template(&self, project: &str, name: &str, text: &str, now: Timestamp) -> Result<PutTemplate, QueueError>;

    /// Removes one; whether it was there.
    fn delete_template(&self, project: &str, name: &str) -> Result<bool, QueueError>;
}
