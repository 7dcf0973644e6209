//! What intake asks at submission about buckets and about those who are told of the end of a task.

use crate::task::TopicName;

/// Which objects may be read and written, by all projects together or by one. The rooms below check again when they open an object.
pub trait BucketRights {
    /// The rights of this project.
    fn of(&self, project: &str) -> Box<dyn BucketRights + '_>;

    /// Whether an object of this bucket may be read. The error is a sentence part that follows the field's name and says
    /// which buckets exist: `names bucket x, but this project reads only a and b`. An empty key asks whether there is any
    /// object in the bucket that may be.
    fn can_read(&self, bucket: &str, key: &str) -> Result<(), String>;

    /// The same for writing.
    fn can_write(&self, bucket: &str, key: &str) -> Result<(), String>;
}

/// Who can be told.
pub trait NoticeRights {
    /// Whether messages can go to this topic. The error is the text of a warning.
    fn topic(&self, name: &TopicName) -> Result<(), String>;

    /// Whether a message can go to this URL. The error follows the field's name.
    fn webhook(&self, url: &str) -> Result<(), String>;

    /// Whether anybody is told at all. The error is the text of a warning.
    fn sends(&self) -> Result<(), String>;
}

/// Nobody can: where a task runs in the foreground, the end of the command tells it.
#[derive(Debug, Clone, Copy)]
pub struct NoNotices;

impl NoNotices {
    fn why() -> String {
        "no message is sent: only a task of the service sends some".to_owned()
    }
}

impl NoticeRights for NoNotices {
    fn topic(&self, _: &TopicName) -> Result<(), String> {
        Err(Self::why())
    }

    fn webhook(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn sends(&self) -> Result<(), String> {
        Err(Self::why())
    }
}
