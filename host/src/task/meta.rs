//! What `DetectMediaMeta` answers: the facts of a media file in the vendor's form, with what files say about themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One media file. What it does not say is absent. Times are in seconds, rates in bit/s.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "PascalCase")]
pub struct MediaMeta {
    /// FFmpeg's name of the container.
    pub format_name: String,
    /// The same for people.
    pub format_long_name: String,
    /// Bytes.
    pub size: u64,
    /// Length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// When the earliest stream starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<f64>,
    /// Over all streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u64>,
    /// Streams of all kinds, pictures and data too.
    pub stream_count: u64,
    /// Programs of a transport stream; 0 in other containers.
    pub program_count: u64,
    /// Of the first video stream, as stored, in samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_width: Option<u32>,
    /// The same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_height: Option<u32>,
    /// Of the first stream of video, else of sound, that names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Artist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// Album.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// Artist of the whole album.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album_artist: Option<String>,
    /// Composer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub composer: Option<String>,
    /// Performer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performer: Option<String>,
    /// When it was recorded, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub produce_time: Option<String>,
    /// Where it was recorded: degrees of latitude and longitude, `35.8,-45.91`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat_long: Option<String>,
    /// In the order of the file, attached pictures left out.
    pub video_streams: Vec<VideoMeta>,
    /// In the order of the file.
    pub audio_streams: Vec<AudioMeta>,
    /// In the order of the file.
    pub subtitles: Vec<SubtitleMeta>,
}

/// What streams of all kinds have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "PascalCase")]
pub struct StreamMeta {
    /// Number of the stream in the file, all kinds counted.
    pub index: usize,
    /// FFmpeg's name of the codec.
    pub codec_name: String,
    /// The same for people.
    pub codec_long_name: String,
    /// The container's number for the codec, in hexadecimal: `0x31637661`.
    pub codec_tag: String,
    /// The same as four letters, `avc1`; bytes that are no letters as `[27]`.
    pub codec_tag_string: String,
    /// BCP 47 or ISO 639-2, as the file has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<f64>,
    /// Length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// Of this stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u64>,
}

/// A video stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "PascalCase")]
pub struct VideoMeta {
    /// What all streams have.
    #[serde(flatten)]
    pub stream: StreamMeta,
    /// The codec's profile, such as `High`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The codec's number for the level, such as 40.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// As stored, in samples.
    pub width: u32,
    /// As stored, in samples.
    pub height: u32,
    /// Frames of reordering delay.
    #[serde(rename = "HasBFrames")]
    pub has_b_frames: u32,
    /// Shape of a sample, `1:1`.
    pub sample_aspect_ratio: String,
    /// Shape of the picture before it is rotated, `16:9`.
    pub display_aspect_ratio: String,
    /// FFmpeg's name of the sample format.
    pub pixel_format: String,
    /// Bits per sample.
    pub bit_depth: u8,
    /// The lowest rate in which all timestamps can be expressed, `25/1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<String>,
    /// Frames per second on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_frame_rate: Option<String>,
    /// Unit of the timestamps, in seconds: `1/12800`.
    pub time_base: String,
    /// Seconds from one frame to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec_time_base: Option<String>,
    /// Where the container counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_count: Option<u64>,
    /// Degrees clockwise with which it is to be shown: `0`, `90`, `180` or `270`.
    pub rotate: String,
    /// FFmpeg's name of the matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_space: Option<String>,
    /// `tv` or `pc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_range: Option<String>,
    /// FFmpeg's name of the transfer function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_transfer: Option<String>,
    /// FFmpeg's name of the primaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_primaries: Option<String>,
}

/// An audio stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "PascalCase")]
pub struct AudioMeta {
    /// What all streams have.
    #[serde(flatten)]
    pub stream: StreamMeta,
    /// FFmpeg's name of the sample format.
    pub sample_format: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u16,
    /// FFmpeg's description, such as `stereo`.
    pub channel_layout: String,
    /// Unit of the timestamps, in seconds.
    pub time_base: String,
    /// Seconds from one sample to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec_time_base: Option<String>,
    /// Packets, where the container counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_count: Option<u64>,
    /// Words of a song.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lyric: Option<String>,
}

/// A subtitle stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "PascalCase")]
pub struct SubtitleMeta {
    /// What all streams have.
    #[serde(flatten)]
    pub stream: StreamMeta,
    /// Of streams of pictures, where the file says it, in samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}
