//! What intake asks about buckets at submission.

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
