//! Containers, and what each of them holds.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AudioCodec, VideoCodec};

/// Containers that this version writes (`Targets[].Container`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// ISO base media file, with its index in front (faststart).
    Mp4,
    /// Matroska.
    Mkv,
    /// QuickTime, with its index in front.
    Mov,
    /// Advanced Systems Format (wmv, wma).
    Asf,
    /// Audio Video Interleave.
    Avi,
    /// Material Exchange Format.
    Mxf,
    /// MPEG transport stream.
    Ts,
    /// Flash video.
    Flv,
    /// WebM.
    Webm,
    /// MPEG layer III frames with ID3 tags.
    Mp3,
    /// AAC in ADTS frames.
    Aac,
    /// Native FLAC.
    Flac,
    /// Ogg with sound only.
    Oga,
    /// AC-3 frames.
    Ac3,
    /// Ogg with Opus.
    Opus,
    /// RIFF WAVE.
    Wav,
}

impl Container {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Mp4,
        Self::Mkv,
        Self::Mov,
        Self::Asf,
        Self::Avi,
        Self::Mxf,
        Self::Ts,
        Self::Flv,
        Self::Webm,
        Self::Mp3,
        Self::Aac,
        Self::Flac,
        Self::Oga,
        Self::Ac3,
        Self::Opus,
        Self::Wav,
    ];

    /// Name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mkv => "mkv",
            Self::Mov => "mov",
            Self::Asf => "asf",
            Self::Avi => "avi",
            Self::Mxf => "mxf",
            Self::Ts => "ts",
            Self::Flv => "flv",
            Self::Webm => "webm",
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Flac => "flac",
            Self::Oga => "oga",
            Self::Ac3 => "ac3",
            Self::Opus => "opus",
            Self::Wav => "wav",
        }
    }

    /// File extension without the dot: the value of `{autoext}`.
    pub fn extension(self) -> &'static str {
        self.name()
    }

    /// Whether it holds one stream of sound and nothing else.
    pub fn is_audio_only(self) -> bool {
        matches!(self, Self::Mp3 | Self::Aac | Self::Flac | Self::Oga | Self::Ac3 | Self::Opus | Self::Wav)
    }

    /// Whether it wants a stream of video, and that as the first.
    pub fn needs_video(self) -> bool {
        self == Self::Mxf
    }

    /// How many video streams it holds at most; `None`: as many as there are.
    pub fn most_videos(self) -> Option<usize> {
        match self {
            Self::Flv | Self::Mxf => Some(1),
            _ if self.is_audio_only() => Some(0),
            _ => None,
        }
    }

    /// The same for audio streams.
    pub fn most_audios(self) -> Option<usize> {
        (self == Self::Flv || self.is_audio_only()).then_some(1)
    }

    /// Whether this version writes that codec into it: FFmpeg's muxer takes it, its demuxer finds it again, and players know it.
    pub fn holds_video(self, codec: VideoCodec) -> bool {
        use VideoCodec::{Av1, H264, H265, Vp8, Vp9};
        match self {
            Self::Mkv => true,
            Self::Mp4 => matches!(codec, H264 | H265 | Vp9 | Av1),
            Self::Mov | Self::Ts => matches!(codec, H264 | H265),
            Self::Webm => matches!(codec, Vp8 | Vp9 | Av1),
            Self::Asf | Self::Avi | Self::Mxf | Self::Flv => codec == H264,
            Self::Mp3 | Self::Aac | Self::Flac | Self::Oga | Self::Ac3 | Self::Opus | Self::Wav => false,
        }
    }

    /// As [`Self::holds_video`], for sound.
    pub fn holds_audio(self, codec: AudioCodec) -> bool {
        use AudioCodec::{Aac, Ac3, Amr, Flac, Mp3, Opus, Pcm, Vorbis};
        match self {
            Self::Mp4 => matches!(codec, Aac | Mp3 | Ac3 | Flac | Opus),
            Self::Mkv => codec != Amr,
            Self::Mov => matches!(codec, Aac | Mp3 | Ac3 | Pcm),
            Self::Asf | Self::Avi => matches!(codec, Aac | Mp3 | Ac3 | Pcm),
            Self::Ts => matches!(codec, Aac | Mp3 | Ac3 | Opus),
            Self::Flv => matches!(codec, Aac | Mp3),
            Self::Webm => matches!(codec, Vorbis | Opus),
            Self::Oga => matches!(codec, Vorbis | Flac | Opus),
            Self::Mp3 => codec == Mp3,
            Self::Aac => codec == Aac,
            Self::Flac => codec == Flac,
            Self::Ac3 => codec == Ac3,
            Self::Opus => codec == Opus,
            Self::Mxf | Self::Wav => codec == Pcm,
        }
    }

    /// Whether it holds attached pictures of this codec, by FFmpeg's name.
    pub fn holds_picture(self, codec_name: &str) -> bool {
        self.has_pictures() && matches!(codec_name, "mjpeg" | "png" | "bmp")
    }

    /// Whether it holds any attached pictures.
    pub fn has_pictures(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mkv)
    }

    /// Whether it holds data of this kind, by the four letters by which containers know it. Of those that mp4 files have, FFmpeg's muxer
    /// takes only what cameras measure.
    pub fn holds_data(self, tag: &str) -> bool {
        self.has_data() && tag == "gpmd"
    }

    /// Whether it holds any data streams.
    pub fn has_data(self) -> bool {
        self == Self::Mp4
    }

    /// Whether it holds a copied stream of video or sound, by FFmpeg's name of its codec; `None` where the muxer has to judge.
    pub fn holds_copied(self, codec_name: &str) -> Option<bool> {
        // RealVideo has a place in Matroska by its specification, but no muxer here writes it.
        if matches!(codec_name, "rv10" | "rv20" | "rv30" | "rv40") {
            return Some(false);
        }
        let video = match codec_name {
            "hevc" => Some(VideoCodec::H265),
            name => VideoCodec::ALL.into_iter().find(|codec| codec.name() == name),
        };
        let audio = match codec_name {
            "amr_nb" | "amr_wb" => Some(AudioCodec::Amr),
            name => AudioCodec::ALL.into_iter().find(|codec| codec.name() == name),
        };
        video.map(|codec| self.holds_video(codec)).or(audio.map(|codec| self.holds_audio(codec)))
    }

    /// The names of the video codecs that it holds, for messages; empty where it holds none.
    pub fn video_names(self) -> String {
        let held = VideoCodec::ALL.into_iter().filter(|codec| self.holds_video(*codec));
        held.map(VideoCodec::name).collect::<Vec<_>>().join(", ")
    }

    /// The same of the audio codecs.
    pub fn audio_names(self) -> String {
        let held = AudioCodec::ALL.into_iter().filter(|codec| self.holds_audio(*codec));
        held.map(AudioCodec::name).collect::<Vec<_>>().join(", ")
    }
}

impl FromStr for Container {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|container| container.name() == text).ok_or(())
    }
}
