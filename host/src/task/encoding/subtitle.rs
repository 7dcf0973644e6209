//! Kinds of subtitles, and what becomes of them in a container.

use serde::{Deserialize, Serialize};

use super::Container;

/// Kinds of subtitles that this version writes; all of them are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubtitleCodec {
    /// SubRip.
    Subrip,
    /// Advanced SubStation Alpha.
    Ass,
    /// WebVTT.
    Webvtt,
    /// Timed text of mp4 and QuickTime.
    MovText,
}

impl SubtitleCodec {
    /// FFmpeg's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subrip => "subrip",
            Self::Ass => "ass",
            Self::Webvtt => "webvtt",
            Self::MovText => "mov_text",
        }
    }
}

/// What becomes of a subtitle stream of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubtitleWay {
    /// The container holds it as it is.
    Copied,
    /// It is text, and the container holds this kind of it.
    Converted(SubtitleCodec),
}

/// Whether subtitles of this codec, by FFmpeg's name, are text and no pictures.
pub fn is_text(codec_name: &str) -> bool {
    matches!(codec_name, "subrip" | "ass" | "ssa" | "webvtt" | "mov_text" | "text")
}

impl Container {
    /// The text into which it wants subtitles converted; `None` where it holds no text.
    pub fn text(self) -> Option<SubtitleCodec> {
        match self {
            Self::Mkv => Some(SubtitleCodec::Subrip),
            Self::Webm => Some(SubtitleCodec::Webvtt),
            Self::Mp4 | Self::Mov => Some(SubtitleCodec::MovText),
            _ => None,
        }
    }

    /// What becomes in it of subtitles of this codec, by FFmpeg's name; `None` where it has no place for them.
    pub fn way_of_subtitle(self, codec_name: &str) -> Option<SubtitleWay> {
        let held: &[&str] = match self {
            Self::Mkv => &["subrip", "ass", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle"],
            Self::Webm => &["webvtt"],
            Self::Mp4 | Self::Mov => &["mov_text"],
            _ => &[],
        };
        if held.contains(&codec_name) {
            return Some(SubtitleWay::Copied);
        }
        self.text().filter(|_| is_text(codec_name)).map(SubtitleWay::Converted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_converted_and_pictures_are_not() {
        assert_eq!(Container::Mkv.way_of_subtitle("ass"), Some(SubtitleWay::Copied));
        assert_eq!(Container::Mkv.way_of_subtitle("mov_text"), Some(SubtitleWay::Converted(SubtitleCodec::Subrip)));
        assert_eq!(Container::Mp4.way_of_subtitle("ass"), Some(SubtitleWay::Converted(SubtitleCodec::MovText)));
        assert_eq!(Container::Mkv.way_of_subtitle("hdmv_pgs_subtitle"), Some(SubtitleWay::Copied));
        assert_eq!(Container::Mp4.way_of_subtitle("hdmv_pgs_subtitle"), None);
        assert_eq!(Container::Ts.way_of_subtitle("subrip"), None);
    }
}
