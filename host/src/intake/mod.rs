//! Room `intake`: from the wire's JSON to a [`TaskSpec`].
//!
//! It owns: the names, defaults and ranges of all request fields, and the check at submission ([`SubmissionCheck`],
//! [`BucketRights`], [`NoticeRights`]). It promises: all faults of a request at once, each with the path of its field; no field is dropped in
//! silence, it is taken, answered with a fault, or named in a warning; hostile input never panics and costs bounded work.
//! It refuses: media, files, the network. What needs the source's facts is for the policies and the plan.

mod audio;
mod check;
mod defaults;
mod faults;
mod fields;
mod filter_video;
mod json;
mod limits;
mod names;
mod notices;
mod numbers;
mod output;
mod overlay;
mod policies;
mod request;
mod rights;
mod segment;
mod shape;
mod source;
mod subtitle;
mod target;
#[cfg(test)]
mod tests;
mod video;

use serde_json::Value;

pub use check::{CheckFault, SubmissionCheck};
pub use defaults::RoleDefaults;
pub use faults::Faults;
pub use limits::Limits;
pub use rights::{BucketRights, NoNotices, NoticeRights};
pub use shape::request_schema;

use crate::task::TaskSpec;

/// What intake needs to know of its surroundings.
pub struct Context<'a> {
    /// The plugins.
    pub check: &'a dyn SubmissionCheck,
    /// The buckets.
    pub buckets: &'a dyn BucketRights,
    /// Components of the roles that a target's `Policies` does not name.
    pub defaults: &'a RoleDefaults,
    /// Who can be told of the end of a task.
    pub notices: &'a dyn NoticeRights,
    /// Limits on the size of a request.
    pub limits: Limits,
}

/// Reads the body of a `CreateMediaConvertTask` request.
///
/// Errors: all faults at once. Text that is no JSON, has a field twice or is nested too deep gives one fault `InvalidJSON`
/// that names line and column.
pub fn intake(text: &[u8], context: &Context<'_>) -> Result<TaskSpec, Faults> {
    let value = json::parse(text, &context.limits)?;
    request::read(&value, context)
}

/// Parses JSON as strictly as the body of a request, by the default limits: one fault where it is broken, has a field twice or is nested too deep.
pub fn parse_json(text: &str) -> Result<Value, Faults> {
    json::parse(text.as_bytes(), &Limits::default())
}

/// What [`intake`] does, from a value that is parsed already.
pub fn intake_value(value: &Value, context: &Context<'_>) -> Result<TaskSpec, Faults> {
    json::check_depth(value, context.limits.depth)?;
    request::read(value, context)
}
