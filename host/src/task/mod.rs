//! Room `task`: the words that all rooms speak. Identifiers, object URIs, what a task asks for ([`spec`]), what a source is
//! ([`facts`]), what a target gets ([`resolved`]), pictures, faults, failures and warnings.
//!
//! It owns: types, their invariants, their JSON. It promises: every value that exists is valid by its type.
//! It refuses: I/O, FFmpeg, wasmtime, threads; it uses no other room.

pub mod clip;
pub mod composition;
pub mod encoding;
pub mod facts;
pub mod failure;
pub mod fault;
pub mod filter;
pub mod id;
pub mod limits;
pub mod meta;
pub mod notice;
pub mod picture;
pub mod plugin;
pub mod project;
pub mod rational;
pub mod resolved;
mod schema;
pub mod segment;
pub mod spec;
pub mod state;
pub mod stream;
pub mod timestamp;
pub mod uri;
pub mod usage;

pub use clip::Clip;
pub use composition::{Composition, Part, Track};
pub use encoding::{
    AudioCodec, AudioEncoding, Container, Preset, SubtitleCodec, SubtitleWay, VideoCodec, VideoEncoding, VideoRate,
};
pub use facts::{AudioStreamFacts, MediaFacts, OtherStreamFacts, SubtitleStreamFacts, VideoStreamFacts};
pub use failure::{ErrorClass, ErrorCode, Failure, Stage, Warning};
pub use fault::{Fault, FieldPath};
pub use filter::{FilterRole, FilterSpan, FilterWish, OnError};
pub use id::TaskId;
pub use limits::{MAX_PIXELS, MAX_STREAMS, TaskLimits, at_least};
pub use meta::MediaMeta;
pub use notice::{NoticeState, Receiver, RetryPolicy, TopicName};
pub use picture::{Colour, Picture, PixelFormat, Rect, Rotation};
pub use plugin::{Pin, PluginId, PluginName, PluginRef};
pub use project::{ProjectChanges, ProjectSettings};
pub use rational::Rational;
pub use resolved::{ResolvedAudio, ResolvedSubtitle, ResolvedTarget, ResolvedVideo};
pub use segment::{SegmentFile, SegmentFormat, Segmentation};
pub use spec::{AudioWish, Policies, SourceSpec, TargetSpec, TaskSpec, VideoWish};
pub use state::{CommitDirection, CommitEntry, TargetProgress, TaskOutput, TaskProgress, TaskState};
pub use stream::StreamChoice;
pub use timestamp::Timestamp;
pub use uri::ObjectUri;
pub use usage::{GuestUsage, ItemTimes, StageUsage, TaskUsage};

/// For serde: flags that are not set stay out of documents.
fn is_false(flag: &bool) -> bool {
    !flag
}
