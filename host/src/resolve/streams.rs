//! The parameters of each stream of a target that is encoded. A policy decides for one video and one audio stream at a time: the
//! first of each together, every further one alone. The stream that it decides for stands first in the facts that it reads.

use serde_json::json;

use super::{Context, answer, of_target};
use crate::task::spec::{AudioTarget, VideoTarget};
use crate::task::{
    AudioWish, Failure, MediaFacts, PluginId, ResolvedAudio, ResolvedVideo, TargetSpec, VideoWish, Warning,
};

/// What the policy decided for the streams of a target.
#[derive(Default)]
pub(super) struct Streams {
    /// In the order of the output; empty where no video is encoded.
    pub(super) videos: Vec<ResolvedVideo>,
    /// The same for sound.
    pub(super) audios: Vec<ResolvedAudio>,
    /// Fields are paths within the target.
    pub(super) warnings: Vec<Warning>,
}

/// One question to the policy: which streams, by their numbers of their kind, and what they shall become.
struct Question<'a> {
    video: Option<(usize, &'a VideoTarget)>,
    audio: Option<(usize, &'a AudioTarget)>,
}

impl Question<'_> {
    /// The streams in words, where a target has several of one kind.
    fn streams(&self) -> String {
        let video = self.video.map(|(number, _)| format!("video stream {number}"));
        let audio = self.audio.map(|(number, _)| format!("audio stream {number}"));
        video.into_iter().chain(audio).collect::<Vec<_>>().join(" and ")
    }
}

/// Asks for all streams; the inner error is what a policy said that skips the target, the reason last.
pub(super) fn resolve(
    facts: &MediaFacts,
    context: &Context<'_>,
    index: usize,
    target: &TargetSpec,
    policy: &PluginId,
) -> Result<Result<Streams, Vec<Warning>>, Failure> {
    let mut streams = Streams::default();
    let questions = questions(target, facts);
    let several = questions.len() > 1;
    for question in questions {
        let about = |message: String| if several { format!("{}: {message}", question.streams()) } else { message };
        let (video, audio) = (question.video.map(|(_, wish)| wish), question.audio.map(|(_, wish)| wish));
        let document = document(facts, index, target, &question);
        let answered = context.parameters.resolve(&target.policies.parameters, &document)?;
        let decision = answer::read(&answered.text, index, policy, video, audio)
            .map_err(|failure| Failure { message: about(failure.message.clone()), ..failure })?;
        let (used, skipped) = match decision {
            answer::Decision::Use(used) => (Some(used), None),
            answer::Decision::Skip(reason) => (None, Some(about(reason))),
        };
        let mut said = answered.warnings;
        if let Some(used) = used {
            said.extend(used.warnings);
            streams.videos.extend(used.video);
            streams.audios.extend(used.audio);
        }
        streams.warnings.extend(said.into_iter().map(|warning| Warning { message: about(warning.message), ..warning }));
        if let Some(reason) = skipped {
            let reported = streams.warnings.into_iter().map(|warning| of_target(warning, index));
            let skipped = Warning {
                code: "TargetSkipped".into(),
                field: format!("Targets[{index}]"),
                target: Some(index),
                message: format!("skipped by plugin {policy}: {reason}"),
            };
            return Ok(Err(reported.chain([skipped]).collect()));
        }
    }
    Ok(Ok(streams))
}

/// What has to be asked: nothing where nothing is encoded.
fn questions<'a>(target: &'a TargetSpec, facts: &MediaFacts) -> Vec<Question<'a>> {
    let mut videos: Vec<_> = match &target.video {
        VideoWish::Transcode(wish) => {
            target.video_streams.of(facts.video_streams.len()).into_iter().map(|number| (number, &**wish)).collect()
        }
        VideoWish::None | VideoWish::Copy => Vec::new(),
    };
    let mut audios: Vec<_> = match &target.audio {
        AudioWish::Transcode(wish) => {
            target.audio_streams.of(facts.audio_streams.len()).into_iter().map(|number| (number, wish)).collect()
        }
        AudioWish::None | AudioWish::Copy => Vec::new(),
    };
    if videos.is_empty() && audios.is_empty() {
        return Vec::new();
    }
    let further_videos = videos.split_off(videos.len().min(1));
    let further_audios = audios.split_off(audios.len().min(1));
    let first = Question { video: videos.pop(), audio: audios.pop() };
    let videos = further_videos.into_iter().map(|video| Question { video: Some(video), audio: None });
    let audios = further_audios.into_iter().map(|audio| Question { video: None, audio: Some(audio) });
    [first].into_iter().chain(videos).chain(audios).collect()
}

/// The document that a parameter policy reads: docs/schemas/parameters-request.json. Filters are no business of it.
fn document(facts: &MediaFacts, index: usize, target: &TargetSpec, question: &Question<'_>) -> String {
    let mut facts = facts.clone();
    // The other streams stay: what a stream's bitrate is may follow from theirs.
    if let Some(leading) = question.video.and_then(|(number, _)| facts.video_streams.get_mut(..=number)) {
        leading.rotate_right(1);
    }
    if let Some(leading) = question.audio.and_then(|(number, _)| facts.audio_streams.get_mut(..=number)) {
        leading.rotate_right(1);
    }
    let video = question.video.map(|(_, video)| VideoTarget { filters: Vec::new(), ..video.clone() });
    let audio = question.audio.map(|(_, audio)| audio);
    json!({
        "Source": facts,
        "Target": {
            "Index": index, "Container": target.container, "Speed": target.speed.unwrap_or(1.0), "Video": video, "Audio": audio,
        },
    })
    .to_string()
}
