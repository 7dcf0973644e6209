//! Outputs that are cut into segments (`Targets[].Segment`), and how their files are named (decision 15 of the API reference).

use serde::{Deserialize, Serialize};

use super::{Container, ObjectUri};

/// What plays the segments (`Segment.Format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentFormat {
    /// HTTP Live Streaming: a playlist, all streams in each segment.
    Hls,
    /// MPEG-DASH: a manifest, segments of each stream apart.
    Dash,
}

impl SegmentFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Hls, Self::Dash];

    /// Name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hls => "hls",
            Self::Dash => "dash",
        }
    }

    /// Extension of the playlist or manifest, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Hls => "m3u8",
            Self::Dash => "mpd",
        }
    }

    /// Containers that segments of this format have.
    pub fn containers(self) -> &'static [Container] {
        match self {
            Self::Hls => &[Container::Ts, Container::Mp4],
            Self::Dash => &[Container::Mp4],
        }
    }
}

/// `Targets[].Segment`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Segmentation {
    /// What plays them.
    pub format: SegmentFormat,
    /// Seconds, above 0: segments begin at the first key picture at or after each multiple of it.
    pub duration: f64,
    /// Number of the first segment, of HLS.
    pub start_number: u32,
}

impl Segmentation {
    /// `Duration` where the request names none, in seconds.
    pub const DEFAULT_DURATION: f64 = 10.0;

    /// [`Self::duration`] in nanoseconds, at least 1.
    pub fn duration_ns(&self) -> i64 {
        ((self.duration * 1e9).round() as i64).max(1)
    }
}

/// A file that belongs to a segmented output. Streams count from 0; `None` where one file holds all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentFile {
    /// What decoders need before the first segment.
    Init {
        /// Which stream.
        stream: Option<usize>,
    },
    /// A segment.
    Media {
        /// Which stream.
        stream: Option<usize>,
        /// Its number.
        number: u64,
    },
}

impl SegmentFile {
    /// The name of the file beside the playlist `playlist` (without folders).
    pub fn name(self, playlist: &str, container: Container) -> String {
        let stem = stem(playlist);
        let of = |stream: Option<usize>| stream.map(|stream| format!("-{stream}")).unwrap_or_default();
        match self {
            Self::Init { stream } => format!("{stem}{}-init.mp4", of(stream)),
            Self::Media { stream, number } => {
                let extension = if container == Container::Ts { "ts" } else { "m4s" };
                format!("{stem}{}-{number}.{extension}", of(stream))
            }
        }
    }

    /// The object of the file beside the object of the playlist.
    pub fn uri(self, playlist: &ObjectUri, container: Container) -> Result<ObjectUri, super::uri::UriError> {
        let name = self.name(playlist.basename(), container);
        let key = match playlist.dirname() {
            "" => name,
            folder => format!("{folder}/{name}"),
        };
        ObjectUri::new(playlist.bucket(), &key)
    }

    /// Whether a segmented output with this playlist has or may have a file of this name.
    pub fn is_of(playlist: &ObjectUri, other: &ObjectUri) -> bool {
        let beside = (playlist.bucket(), playlist.dirname()) == (other.bucket(), other.dirname());
        let rest = other.basename().strip_prefix(stem(playlist.basename()));
        let Some((rest, extension)) = rest.filter(|_| beside).and_then(|rest| rest.rsplit_once('.')) else {
            return false;
        };
        let Some(rest) = rest.strip_prefix('-') else { return false };
        let parts: Vec<_> = rest.split('-').collect();
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match extension {
            "ts" => parts.len() == 1 && number(parts[0]),
            "m4s" => parts.len() <= 2 && parts.iter().all(|part| number(part)),
            "mp4" => match parts.as_slice() {
                ["init"] => true,
                [stream, "init"] => number(stream),
                _ => false,
            },
            _ => false,
        }
    }
}

/// A name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> ObjectUri {
        ObjectUri::parse(text).unwrap()
    }

    #[test]
    fn names_stand_beside_the_playlist() {
        let playlist = uri("oss://b/a dir/My film.x1.m3u8");
        let media = SegmentFile::Media { stream: None, number: 0 };
        assert_eq!(media.uri(&playlist, Container::Ts).unwrap().to_string(), "oss://b/a dir/My film.x1-0.ts");
        assert_eq!(media.name("x.m3u8", Container::Mp4), "x-0.m4s");
        let media = SegmentFile::Media { stream: Some(1), number: 12 };
        assert_eq!(media.name("x.mpd", Container::Mp4), "x-1-12.m4s");
        assert_eq!(SegmentFile::Init { stream: Some(0) }.name("x.mpd", Container::Mp4), "x-0-init.mp4");
        assert_eq!(SegmentFile::Init { stream: None }.name("x.m3u8", Container::Mp4), "x-init.mp4");
    }

    #[test]
    fn files_of_an_output_are_known_by_their_names() {
        let playlist = uri("oss://b/d/x.m3u8");
        for name in ["x-0.ts", "x-12.m4s", "x-1-12.m4s", "x-init.mp4", "x-0-init.mp4"] {
            assert!(SegmentFile::is_of(&playlist, &uri(&format!("oss://b/d/{name}"))), "{name}");
        }
        for name in ["x.ts", "x-a.ts", "x-1-2.ts", "y-0.ts", "x-.ts", "x-init.ts", "x0.ts", "x-1-2-3.m4s"] {
            assert!(!SegmentFile::is_of(&playlist, &uri(&format!("oss://b/d/{name}"))), "{name}");
        }
        assert!(!SegmentFile::is_of(&playlist, &uri("oss://b/x-0.ts")));
    }
}
