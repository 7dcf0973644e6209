//! What a task asks for, after intake has judged every field of the request. Nothing downstream reads the wire's JSON again.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::{
    AudioCodec, AudioStreamFacts, Clip, Container, FilterWish, MediaFacts, ObjectUri, PixelFormat, PluginRef, Preset,
    Receiver, Rotation, Segmentation, StreamChoice, SubtitleCodec, VideoCodec, VideoRate, VideoStreamFacts, Warning,
};

/// A valid task. Only intake builds one (by [`TaskSpec::seal`]), and a trial of a plugin puts its filter into one; after that it never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec(TaskParts);

/// The content of a [`TaskSpec`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskParts {
    /// Name of the project.
    pub project_name: String,
    /// The sources, in order; at least one.
    pub sources: Vec<SourceSpec>,
    /// `AlignmentIndex`: the source from which defaults come. It is not an attached one.
    #[serde(default)]
    pub alignment: usize,
    /// The targets, in order; at least one.
    pub targets: Vec<TargetSpec>,
    /// Tags for searching; `{tags.name}` in URI templates.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Echoed, at most 2,048 bytes.
    #[serde(default)]
    pub user_data: Option<String>,
    /// Extension `TolerateDamage`: a damaged source gives an output and a warning instead of a failure (decision 17).
    #[serde(default)]
    pub tolerate_damage: bool,
    /// Extension `Priority`: among the waiting tasks of a project, those of a higher one run first.
    #[serde(default)]
    pub priority: i32,
    /// Who is told that it has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receivers: Vec<Receiver>,
    /// What intake accepted but will not do.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

impl TaskSpec {
    /// Seals parts that intake found valid; a filter that is put in has had its parameters checked.
    pub(crate) fn seal(parts: TaskParts) -> Self {
        Self(parts)
    }
}

impl Deref for TaskSpec {
    type Target = TaskParts;

    fn deref(&self) -> &TaskParts {
        &self.0
    }
}

impl TaskParts {
    /// The objects that the task reads as sources: media and subtitle files.
    pub fn inputs(&self) -> impl Iterator<Item = &ObjectUri> {
        self.sources.iter().flat_map(|source| {
            let subtitles = source.subtitles.iter().map(|subtitle| &subtitle.uri);
            std::iter::once(&source.uri).chain(subtitles)
        })
    }

    /// The plugins that the task runs, each once.
    pub fn plugins(&self) -> Vec<&PluginRef> {
        let mut plugins = Vec::new();
        for target in &self.targets {
            let policies = [&target.policies.uri_template, &target.policies.parameters];
            let filters = match &target.video {
                VideoWish::Transcode(video) => video.filters.as_slice(),
                VideoWish::None | VideoWish::Copy => &[],
            };
            for plugin in policies.into_iter().chain(filters.iter().map(|filter| &filter.plugin)) {
                if !plugins.contains(&plugin) {
                    plugins.push(plugin);
                }
            }
        }
        plugins
    }
}

/// One of `Sources[]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SourceSpec {
    /// The object.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// `StartTime`: where the part that is used begins, in seconds from the start of the source.
    #[serde(default)]
    pub start: f64,
    /// `Duration`: its length in seconds; `None`: to the end.
    #[serde(default)]
    pub duration: Option<f64>,
    /// Its video is not used.
    #[serde(default)]
    pub disable_video: bool,
    /// Its audio is not used.
    #[serde(default)]
    pub disable_audio: bool,
    /// `Attached` with `AlignMode`: its streams are added beside those of the others; `None`: it is one of those that follow each other.
    #[serde(default)]
    pub attached: Option<AlignMode>,
    /// Subtitles that are added.
    #[serde(default)]
    pub subtitles: Vec<AddedSubtitle>,
}

impl SourceSpec {
    /// A source as a whole.
    pub fn new(uri: ObjectUri) -> Self {
        Self {
            uri,
            start: 0.0,
            duration: None,
            disable_video: false,
            disable_audio: false,
            attached: None,
            subtitles: Vec::new(),
        }
    }

    /// The part that is used; `None`: the whole source.
    pub fn clip(&self) -> Option<Clip> {
        let ns = |seconds: f64| (seconds * 1e9).round() as i64;
        let clip = Clip { start_ns: ns(self.start), length_ns: self.duration.map(ns) };
        (clip.start_ns > 0 || clip.length_ns.is_some()).then_some(clip)
    }
}

/// What happens where an attached source is shorter than the others (`AlignMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlignMode {
    /// It ends where it ends.
    #[default]
    False,
    /// It begins again.
    Loop,
    /// Silence, or black pictures.
    Pad,
}

/// One of `Sources[].Subtitles[]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddedSubtitle {
    /// The object.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// ISO 639-2 tag.
    #[serde(default)]
    pub language: Option<String>,
    /// Seconds that are added to its times; may be negative.
    #[serde(default)]
    pub time_offset: f64,
}

impl AddedSubtitle {
    /// [`Self::time_offset`] in nanoseconds.
    pub fn offset_ns(&self) -> i64 {
        (self.time_offset * 1e9).round() as i64
    }
}

/// One of `Targets[]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetSpec {
    /// Template of the output's URI; `None`: it has no media file, but extracts subtitles.
    #[serde(rename = "URI", default)]
    pub uri_template: Option<String>,
    /// Container; without a media file it says nothing.
    pub container: Container,
    /// `Segment`: the output is a playlist and segments in this container; `None`: one file.
    #[serde(default)]
    pub segment: Option<Segmentation>,
    /// What to do with the video.
    pub video: VideoWish,
    /// Which video streams.
    #[serde(default)]
    pub video_streams: StreamChoice,
    /// What to do with the audio.
    pub audio: AudioWish,
    /// Which audio streams.
    #[serde(default)]
    pub audio_streams: StreamChoice,
    /// `FilterAudio.Mixing`: all audio streams become one.
    #[serde(default)]
    pub mixing: bool,
    /// `Speed`, or that of `FilterVideo`: 0.5 is half as fast as the source. `None`: as fast.
    #[serde(default)]
    pub speed: Option<f64>,
    /// What to do with the subtitles.
    #[serde(default)]
    pub subtitle: SubtitleWish,
    /// Which attached pictures are kept.
    #[serde(default = "no_stream")]
    pub pictures: StreamChoice,
    /// Which data streams are kept.
    #[serde(default = "no_stream")]
    pub data: StreamChoice,
    /// Leave out title, album and the like.
    #[serde(default)]
    pub strip_metadata: bool,
    /// Which components take the four roles.
    pub policies: Policies,
}

fn no_stream() -> StreamChoice {
    StreamChoice::None
}

impl TargetSpec {
    /// A target that copies the first stream of each kind.
    pub fn new(uri_template: impl Into<String>, container: Container) -> Self {
        Self {
            uri_template: Some(uri_template.into()),
            container,
            segment: None,
            video: VideoWish::Copy,
            video_streams: StreamChoice::First,
            audio: AudioWish::Copy,
            audio_streams: StreamChoice::First,
            mixing: false,
            speed: None,
            subtitle: SubtitleWish::default(),
            pictures: StreamChoice::None,
            data: StreamChoice::None,
            strip_metadata: false,
            policies: Policies::default(),
        }
    }

    /// A target without a media file: subtitles are extracted by it.
    pub fn only_extracts(subtitle: SubtitleWish, policies: Policies) -> Self {
        let video = VideoWish::None;
        let audio = AudioWish::None;
        Self { uri_template: None, video, audio, subtitle, policies, ..Self::new("", Container::Mkv) }
    }

    /// The source's video streams that the target takes, in the order of the output.
    pub fn chosen_videos<'a>(&self, facts: &'a MediaFacts) -> Vec<&'a VideoStreamFacts> {
        let streams = &facts.video_streams;
        self.video_streams.of(streams.len()).into_iter().filter_map(|number| streams.get(number)).collect()
    }

    /// The same of its audio streams.
    pub fn chosen_audios<'a>(&self, facts: &'a MediaFacts) -> Vec<&'a AudioStreamFacts> {
        let streams = &facts.audio_streams;
        self.audio_streams.of(streams.len()).into_iter().filter_map(|number| streams.get(number)).collect()
    }

    /// File extension of the output, without the dot: the value of `{autoext}`.
    pub fn extension(&self) -> &'static str {
        if let (None, Some(extract)) = (&self.uri_template, &self.subtitle.extract) {
            return extract.format.extension();
        }
        self.segment.map_or(self.container.extension(), |segment| segment.format.extension())
    }
}

/// `Targets[].Subtitle`, by decision 5 of the API reference.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SubtitleWish {
    /// `DisableSubtitle`: no subtitles are in the output.
    #[serde(default)]
    pub disabled: bool,
    /// Which subtitle streams.
    #[serde(default)]
    pub streams: StreamChoice,
    /// Subtitle files that are written beside the output.
    #[serde(default)]
    pub extract: Option<ExtractSubtitle>,
}

/// `Targets[].Subtitle.ExtractSubtitle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExtractSubtitle {
    /// Template of the prefix of the files' URIs.
    #[serde(rename = "URI")]
    pub uri_template: String,
    /// What they are written as.
    pub format: SubtitleFormat,
}

/// Subtitle formats that are written (`ExtractSubtitle.Format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubtitleFormat {
    /// Advanced SubStation Alpha.
    Ass,
    /// SubRip.
    Srt,
    /// WebVTT.
    Webvtt,
}

impl SubtitleFormat {
    /// File extension without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ass => "ass",
            Self::Srt => "srt",
            Self::Webvtt => "vtt",
        }
    }

    /// What its files hold.
    pub fn codec(self) -> SubtitleCodec {
        match self {
            Self::Ass => SubtitleCodec::Ass,
            Self::Srt => SubtitleCodec::Subrip,
            Self::Webvtt => SubtitleCodec::Webvtt,
        }
    }
}

impl ExtractSubtitle {
    /// Template of the file of a subtitle stream, by its number: `<prefix>_<number>.<extension>`.
    pub fn template_of(&self, number: usize) -> String {
        format!("{}_{number}.{}", self.uri_template, self.format.extension())
    }
}

/// Extension `Targets[].Policies`: the component for each role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policies {
    /// Draws `FilterVideo.Watermarks`.
    pub watermark: PluginRef,
    /// Hides `FilterVideo.Delogos`.
    pub delogo: PluginRef,
    /// Expands the output's URI.
    #[serde(rename = "URITemplate")]
    pub uri_template: PluginRef,
    /// Resolves the output's parameters.
    pub parameters: PluginRef,
}

impl Policies {
    /// The components of all roles.
    pub fn plugins(&self) -> [&PluginRef; 4] {
        let Self { watermark, delogo, uri_template, parameters } = self;
        [watermark, delogo, uri_template, parameters]
    }
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            watermark: PluginRef::named("watermark"),
            delogo: PluginRef::named("delogo"),
            uri_template: PluginRef::named("uri-template"),
            parameters: PluginRef::named("parameters"),
        }
    }
}

/// `Targets[].Video`, by decision 5 of the API reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum VideoWish {
    /// No video in the output.
    None,
    /// The chosen video streams, packets as they are.
    Copy,
    /// Decoded, filtered and encoded.
    Transcode(Box<VideoTarget>),
}

/// `Targets[].Audio`, by the same decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AudioWish {
    /// No audio in the output.
    None,
    /// The chosen audio streams, packets as they are.
    Copy,
    /// Decoded and encoded.
    Transcode(AudioTarget),
}

/// What to do when the source has less than is asked for (`ResolutionOption`, `FrameRateOption`, `BitrateOption`, `SampleRateOption`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LessOption {
    /// The value asked for, always.
    #[default]
    Fixed,
    /// The source's value.
    Adaptive,
    /// The task fails.
    Fall,
}

/// How a picture meets a size of another shape (`ScaleType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScaleType {
    /// Exactly this size, whatever it does to the shape.
    #[default]
    Stretch,
    /// Covers the size; what stands out is cut off evenly.
    Crop,
    /// Fits into the size; the rest is black, evenly.
    Fill,
    /// Fits into the size; the output is only as large as the picture.
    Fit,
}

/// `TranscodeVideo` with a codec, and `FilterVideo`. As JSON with the API's names: parameter policies read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VideoTarget {
    /// Codec.
    pub codec: VideoCodec,
    /// Speed against size.
    pub preset: Preset,
    /// Quality or bitrate; `None` leaves it to the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<VideoRate>,
    /// What if the source's bitrate is lower.
    pub bitrate_option: LessOption,
    /// bit/s; with `CRF`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bitrate: Option<u64>,
    /// bits; with `CRF`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_size: Option<u64>,
    /// Frames between keyframes; default 150.
    #[serde(rename = "GOPSize", default, skip_serializing_if = "Option::is_none")]
    pub gop_size: Option<u32>,
    /// B-frames in a row; default 3.
    #[serde(rename = "BFrames", default, skip_serializing_if = "Option::is_none")]
    pub b_frames: Option<u32>,
    /// Reference frames; default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refs: Option<u32>,
    /// Sample format; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_format: Option<PixelFormat>,
    /// Frames per second; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// What if the source's frame rate is lower.
    pub frame_rate_option: LessOption,
    /// Size; default as the source is played back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// What if the source's area is smaller.
    pub resolution_option: LessOption,
    /// Whether `resolution` counts long and short side instead of width and height.
    pub adaptive_resolution_direction: bool,
    /// How the picture meets the size.
    pub scale_type: ScaleType,
    /// Clockwise, on top of the source's own rotation.
    pub rotation: Rotation,
    /// The filters in the order in which they run. Policies do not see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<FilterWish>,
}

/// `Resolution`: `1280x720`, `1280x` or `x720`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resolution {
    /// As set in the request: the value of `{resolution}` (decision 9).
    pub text: String,
    /// Width or long side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
    /// Height or short side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<u32>,
}

/// `TranscodeAudio` with a codec. As JSON with the API's names: parameter policies read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AudioTarget {
    /// Codec.
    pub codec: AudioCodec,
    /// bit/s; `None` leaves it to the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u64>,
    /// What if the source's bitrate is lower.
    pub bitrate_option: LessOption,
    /// Hz; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// What if the source's sample rate is lower.
    pub sample_rate_option: LessOption,
    /// Channels; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// 0 to 100, higher is better, in place of a bitrate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// 16 or 24, of lossless codecs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_sample: Option<u16>,
}
