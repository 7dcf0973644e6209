//! The parameters of each stream of a target that is encoded. A policy decides for one video and one audio stream at a time: the
//! first of each together, every further one alone. The stream that it decides for stands first in the facts that it reads. Where
//! several sources follow each other, it also decides how the pictures of each of them become those of the output.

use serde::Deserialize;
use serde_json::json;

use super::{Context, answer, of_target};
use crate::task::resolved::{Geometry, Size};
use crate::task::spec::{AudioTarget, LessOption, Resolution, ScaleType, VideoTarget};
use crate::task::{
    AudioWish, Composition, ErrorCode, Failure, MediaFacts, PluginId, Rational, ResolvedAudio, ResolvedVideo, Stage,
    TargetSpec, VideoWish, Warning,
};

/// What the policy decided for the streams of a target.
#[derive(Default)]
pub(super) struct Streams {
    /// In the order of the output; empty where no video is encoded.
    pub(super) videos: Vec<ResolvedVideo>,
    /// Where sources follow each other: for each of `videos`, how the pictures of each source become its pictures.
    pub(super) joined: Vec<Vec<Option<Geometry>>>,
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
    (composition, facts): (&Composition<'_>, &MediaFacts),
    context: &Context<'_>,
    index: usize,
    target: &TargetSpec,
    policy: &PluginId,
) -> Result<Result<Streams, Vec<Warning>>, Failure> {
    let mut streams = Streams::default();
    let squared = composition.is_joined().then(|| square(target, facts)).flatten();
    let target = squared.as_ref().unwrap_or(target);
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
            said.extend(used.warnings.iter().cloned());
            if let (Some(video), Some((number, wish)), true) = (&used.video, question.video, composition.is_joined()) {
                let asking = Asking { composition, context, index, target, policy };
                streams.joined.push(asking.geometries(number, wish, video, &mut said)?);
            }
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

/// Pictures that follow each other have square samples: without a size asked for, that at which the first one is played back.
fn square(target: &TargetSpec, facts: &MediaFacts) -> Option<TargetSpec> {
    let VideoWish::Transcode(wish) = &target.video else { return None };
    let number = target.video_streams.of(facts.video_streams.len()).into_iter().next()?;
    let source = facts.video_streams.get(number)?;
    if wish.resolution.is_some() || source.sample_aspect_ratio == Rational::ONE {
        return None;
    }
    let (width, height) = source.playback_size();
    let size = if wish.rotation.swaps_sides() { Size { width: height, height: width } } else { Size { width, height } };
    let wish = sized(wish, size);
    Some(TargetSpec { video: VideoWish::Transcode(Box::new(wish)), ..target.clone() })
}

/// The same wish with exactly this size.
fn sized(wish: &VideoTarget, size: Size) -> VideoTarget {
    let Size { width, height } = size;
    VideoTarget {
        resolution: Some(Resolution { text: format!("{width}x{height}"), first: Some(width), second: Some(height) }),
        resolution_option: LessOption::Fixed,
        adaptive_resolution_direction: false,
        ..wish.clone()
    }
}

/// Who is asked, and about what.
struct Asking<'a> {
    composition: &'a Composition<'a>,
    context: &'a Context<'a>,
    index: usize,
    target: &'a TargetSpec,
    policy: &'a PluginId,
}

impl Asking<'_> {
    /// How the pictures of each source become those of a track, whose main part has been resolved.
    fn geometries(
        &self,
        track: usize,
        wish: &VideoTarget,
        main: &ResolvedVideo,
        said: &mut Vec<Warning>,
    ) -> Result<Vec<Option<Geometry>>, Failure> {
        let Some(track) = self.composition.videos().into_iter().nth(track) else { return Ok(Vec::new()) };
        let parts = track.parts.iter().enumerate().map(|(place, part)| {
            let Some(number) = part.stream else { return Ok(None) };
            if place == track.main {
                return Ok(Some(Geometry::from(main)));
            }
            let facts = self.composition.source(part.source);
            facts.map(|facts| self.geometry(facts, (part.source, number), wish, main, said)).transpose()
        });
        parts.collect()
    }

    /// The policy is asked for exactly the size and the format of the main part; its word on rates and the encoder is not needed.
    fn geometry(
        &self,
        facts: &MediaFacts,
        (source, number): (usize, usize),
        wish: &VideoTarget,
        main: &ResolvedVideo,
        said: &mut Vec<Warning>,
    ) -> Result<Geometry, Failure> {
        let scale_type = match (wish.scale_type, &wish.resolution) {
            // A picture of another shape is only distorted where that was asked for, and has to fill the size.
            (ScaleType::Fit, _) | (ScaleType::Stretch, None) => ScaleType::Fill,
            (other, _) => other,
        };
        let wish = VideoTarget {
            scale_type,
            pixel_format: Some(main.pixel_format),
            frame_rate: None,
            frame_rate_option: LessOption::Fixed,
            bitrate_option: LessOption::Fixed,
            ..sized(wish, main.size())
        };
        let question = Question { video: Some((number, &wish)), audio: None };
        let document = document(facts, self.index, self.target, &question);
        let answered = self.context.parameters.resolve(&self.target.policies.parameters, &document)?;
        let about = |message: &str| format!("for the pictures of Sources[{source}]: {message}");
        let decision = answer::read(&answered.text, self.index, self.policy, Some(&wish), None)
            .map_err(|failure| Failure { message: about(&failure.message), ..failure })?;
        let mut warnings = answered.warnings;
        let video = match decision {
            answer::Decision::Use(used) => {
                warnings.extend(used.warnings);
                used.video
            }
            answer::Decision::Skip(_) => None,
        };
        said.extend(warnings.into_iter().map(|warning| Warning { message: about(&warning.message), ..warning }));
        let fits = |video: &ResolvedVideo| video.size() == main.size() && video.pixel_format == main.pixel_format;
        let Some(video) = video.filter(fits) else {
            let Size { width, height } = main.size();
            let message = format!(
                "plugin {} was asked to bring the pictures of Sources[{source}] to {width}x{height} {}, and answered something else",
                self.policy, main.pixel_format
            );
            return Err(Failure::new(ErrorCode::PluginError, Stage::Resolve, message));
        };
        Ok(Geometry::from(&video))
    }
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
            // Tracks that are mixed become one stream, which is like the first of them.
            let numbers = target.audio_streams.of(facts.audio_streams.len());
            let most = if target.mixing { 1 } else { numbers.len() };
            numbers.into_iter().take(most).map(|number| (number, wish)).collect()
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

/// What a document asks for, read again.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Asked {
    pub(super) target: AskedTarget,
}

/// What the document says of the target.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AskedTarget {
    pub(super) index: usize,
    #[serde(default)]
    pub(super) video: Option<VideoTarget>,
    #[serde(default)]
    pub(super) audio: Option<AudioTarget>,
}

/// The document that a parameter policy reads: docs/schemas/parameters-request.json. Filters are no business of it.
fn document(facts: &MediaFacts, index: usize, target: &TargetSpec, question: &Question<'_>) -> String {
    // Pictures and data are nothing that a policy decides about.
    let mut facts = MediaFacts { attached_pictures: Vec::new(), data_streams: Vec::new(), ..facts.clone() };
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
