//! What a source is: the facts that a probe reads. As JSON with the names of the API's `DetectMediaMeta`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Colour, Rational, Rotation};

/// Facts of one media file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MediaFacts {
    /// FFmpeg's name of the container, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    pub format_name: String,
    /// The same for people.
    pub format_long_name: String,
    /// Bytes.
    pub size: u64,
    /// Seconds; `None` where the file does not say.
    pub duration: Option<f64>,
    /// When the earliest stream starts, in seconds.
    pub start_time: Option<f64>,
    /// bit/s over all streams.
    pub bitrate: Option<u64>,
    /// Video streams in file order, attached pictures left out.
    pub video_streams: Vec<VideoStreamFacts>,
    /// Audio streams in file order.
    pub audio_streams: Vec<AudioStreamFacts>,
    /// Subtitle streams in file order.
    pub subtitles: Vec<SubtitleStreamFacts>,
    /// Attached pictures, such as covers, in file order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached_pictures: Vec<OtherStreamFacts>,
    /// Data streams in file order, the titles of chapters left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_streams: Vec<OtherStreamFacts>,
}

impl MediaFacts {
    /// Adds the streams of another file that is played together with this one, as further streams.
    pub fn add(&mut self, other: Self) {
        let media = self.video_streams.len() + self.audio_streams.len() + self.subtitles.len();
        let before = media + self.attached_pictures.len() + self.data_streams.len();
        self.size = self.size.saturating_add(other.size);
        self.duration = match (self.duration, other.duration) {
            (Some(one), Some(two)) => Some(one.max(two)),
            (one, two) => one.or(two),
        };
        self.bitrate = match (self.bitrate, other.bitrate) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
        let moved = |index: usize| index.saturating_add(before);
        self.video_streams.extend(
            other.video_streams.into_iter().map(|video| VideoStreamFacts { index: moved(video.index), ..video }),
        );
        self.audio_streams.extend(
            other.audio_streams.into_iter().map(|audio| AudioStreamFacts { index: moved(audio.index), ..audio }),
        );
        self.subtitles
            .extend(other.subtitles.into_iter().map(|text| SubtitleStreamFacts { index: moved(text.index), ..text }));
        let all = |streams: Vec<OtherStreamFacts>| {
            streams.into_iter().map(move |stream| OtherStreamFacts { index: moved(stream.index), ..stream })
        };
        self.attached_pictures.extend(all(other.attached_pictures));
        self.data_streams.extend(all(other.data_streams));
    }
}

/// Facts of one video stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct VideoStreamFacts {
    /// Number of the stream in the file, all kinds counted.
    pub index: usize,
    /// FFmpeg's name of the codec.
    pub codec_name: String,
    /// The same for people.
    pub codec_long_name: String,
    /// Stored width in samples, before rotation.
    pub width: u32,
    /// Stored height in samples, before rotation.
    pub height: u32,
    /// Clockwise rotation with which the picture is to be shown.
    pub rotate: Rotation,
    /// Whether it is to be shown mirrored, left for right, before it is rotated.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub mirror: bool,
    /// Shape of a stored sample, width to height; 1/1 where unknown.
    pub sample_aspect_ratio: Rational,
    /// FFmpeg's name of the sample format.
    pub pixel_format: String,
    /// Bits per sample.
    pub bit_depth: u8,
    /// Average frame rate: what "the source's rate" means.
    pub average_frame_rate: Option<Rational>,
    /// The lowest rate in which all timestamps can be expressed; differs from the average for variable rates.
    pub frame_rate: Option<Rational>,
    /// Unit of the timestamps, in seconds.
    pub time_base: Rational,
    /// Seconds.
    pub start_time: Option<f64>,
    /// Seconds.
    pub duration: Option<f64>,
    /// Frames, where the container counts them.
    pub frame_count: Option<u64>,
    /// bit/s.
    pub bitrate: Option<u64>,
    /// Frames of reordering delay.
    pub has_b_frames: u32,
    /// Whether frames are stored as two fields.
    pub interlaced: bool,
    /// Colour code points.
    pub colour: Colour,
    /// BCP 47 or ISO 639-2 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl VideoStreamFacts {
    /// Width and height of the stored samples once they are rotated.
    pub fn upright_size(&self) -> (u32, u32) {
        self.rotated((self.width, self.height))
    }

    fn rotated(&self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.rotate.swaps_sides() { (height, width) } else { (width, height) }
    }

    /// Width and height as shown: square samples, rotated. At least 1 x 1.
    pub fn playback_size(&self) -> (u32, u32) {
        let wide = (f64::from(self.width) * self.sample_aspect_ratio.as_f64()).round().max(1.0) as u32;
        self.rotated((wide, self.height.max(1)))
    }

    /// Whether the frames come at one constant rate, as far as the container says.
    pub fn constant_rate(&self) -> Option<Rational> {
        let (average, lowest) = (self.average_frame_rate?, self.frame_rate?);
        ((average.as_f64() - lowest.as_f64()).abs() <= 0.002 * lowest.as_f64()).then_some(lowest)
    }
}

/// Facts of one audio stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AudioStreamFacts {
    /// Number of the stream in the file, all kinds counted.
    pub index: usize,
    /// FFmpeg's name of the codec.
    pub codec_name: String,
    /// The same for people.
    pub codec_long_name: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u16,
    /// FFmpeg's description, such as `stereo` or `5.1`.
    pub channel_layout: String,
    /// FFmpeg's name of the sample format.
    pub sample_format: String,
    /// Unit of the timestamps, in seconds.
    pub time_base: Rational,
    /// Seconds.
    pub start_time: Option<f64>,
    /// Seconds.
    pub duration: Option<f64>,
    /// bit/s.
    pub bitrate: Option<u64>,
    /// BCP 47 or ISO 639-2 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

#[cfg(test)]
impl AudioStreamFacts {
    /// Stereo sound for tests.
    pub(crate) fn of_rate(sample_rate: u32) -> Self {
        Self {
            index: 0,
            codec_name: "aac".into(),
            codec_long_name: "AAC".into(),
            sample_rate,
            channels: 2,
            channel_layout: "stereo".into(),
            sample_format: "fltp".into(),
            time_base: Rational::ONE,
            start_time: None,
            duration: None,
            bitrate: None,
            language: None,
        }
    }
}

/// Facts of one subtitle stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SubtitleStreamFacts {
    /// Number of the stream in the file, all kinds counted.
    pub index: usize,
    /// FFmpeg's name of the codec.
    pub codec_name: String,
    /// BCP 47 or ISO 639-2 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Facts of an attached picture or a data stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OtherStreamFacts {
    /// Number of the stream in the file, all kinds counted.
    pub index: usize,
    /// FFmpeg's name of the codec; of data the four letters by which the container knows it, where there are any.
    pub codec_name: String,
}
