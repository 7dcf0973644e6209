//! What a file says about itself and its streams beside sound and pictures: titles, chapters, dispositions.

use std::collections::BTreeMap;

use super::attached::AttachedPicture;
use crate::task::{Clip, Rational};

/// Tags of a whole source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceTags {
    /// Title, album and the like, without what describes the file itself.
    pub metadata: Vec<(String, String)>,
    /// Chapters in the order of their starts.
    pub chapters: Vec<Chapter>,
    /// Tags of the streams, by their numbers in the file.
    pub streams: BTreeMap<usize, StreamTags>,
    /// Attached pictures, in the order of the file.
    pub pictures: Vec<AttachedPicture>,
}

/// Tags of one stream but for its language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamTags {
    /// Title and the like, without what describes the bytes of the stream.
    pub metadata: Vec<(String, String)>,
    /// FFmpeg's flags `AV_DISPOSITION_...`: default, forced, comment ...
    pub(super) disposition: i32,
}

/// A chapter. Times are nanoseconds from the start of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// Where it begins.
    pub start_ns: i64,
    /// Where it ends; never before its start.
    pub end_ns: i64,
    /// Empty where it has none.
    pub title: String,
}

impl SourceTags {
    /// The same of a part of the source: chapters that lie in it, from its start on.
    #[must_use]
    pub fn clipped(mut self, clip: Clip) -> Self {
        let end = clip.length_ns.map_or(i64::MAX, |length| clip.start_ns.saturating_add(length));
        self.chapters.retain(|chapter| chapter.end_ns > clip.start_ns && chapter.start_ns < end);
        for chapter in &mut self.chapters {
            chapter.start_ns = chapter.start_ns.saturating_sub(clip.start_ns).max(0);
            chapter.end_ns = chapter.end_ns.min(end).saturating_sub(clip.start_ns);
        }
        self
    }

    /// The same where the media is played at this speed: chapters move with it.
    #[must_use]
    pub fn at_speed(mut self, speed: Rational) -> Self {
        let slowed = |ns: i64| super::clock::rescale(ns, Rational::ONE, speed);
        for chapter in &mut self.chapters {
            (chapter.start_ns, chapter.end_ns) = (slowed(chapter.start_ns), slowed(chapter.end_ns));
        }
        self
    }

    /// What is left where a target strips its metadata: what the streams are for, and where chapters begin, but no words.
    pub fn stripped(&self) -> Self {
        let chapters = self.chapters.iter().map(|chapter| Chapter { title: String::new(), ..chapter.clone() });
        let streams = self.streams.iter().map(|(stream, tags)| (*stream, tags.stripped()));
        let pictures = self.pictures.iter().map(AttachedPicture::stripped);
        Self {
            metadata: Vec::new(),
            chapters: chapters.collect(),
            streams: streams.collect(),
            pictures: pictures.collect(),
        }
    }
}

impl StreamTags {
    /// Without words: dispositions only.
    pub fn stripped(&self) -> Self {
        Self { metadata: Vec::new(), disposition: self.disposition }
    }
}

/// Entries of a file that describe the file and not its content.
pub(super) fn of_content(mut entries: Vec<(String, String)>) -> Vec<(String, String)> {
    const OF_THE_FILE: [&str; 6] =
        ["encoder", "major_brand", "minor_version", "compatible_brands", "creation_time", "duration"];
    entries.retain(|(key, _)| !OF_THE_FILE.contains(&key.to_ascii_lowercase().as_str()));
    entries
}

/// Entries of a stream that describe its content: neither the bytes and the software that wrote them (what mkvmerge counts
/// included), nor what is kept in another way.
pub(super) fn of_stream(entries: Vec<(String, String)>) -> Vec<(String, String)> {
    const OF_THE_BYTES: [&str; 7] =
        ["language", "vendor_id", "rotate", "alpha_mode", "bps", "number_of_frames", "number_of_bytes"];
    let mut entries = of_content(entries);
    entries.retain(|(key, value)| {
        let key = key.to_ascii_lowercase();
        let counted = OF_THE_BYTES.iter().any(|name| key == *name || key.strip_prefix(name).is_some_and(is_language));
        // What FFmpeg calls every track that has no name.
        let nameless = key == "handler_name" && value.ends_with("Handler");
        !counted && !nameless && !key.starts_with("_statistics") && !value.is_empty()
    });
    entries
}

/// Whether this is the `-eng` that Matroska's tags may end in.
fn is_language(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|tag| (2..=8).contains(&tag.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_the_bytes_do_not_travel() {
        let entries = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), "x".to_owned())).collect::<Vec<_>>();
        let kept =
            of_stream(entries(&["title", "BPS-eng", "BPS", "language", "DURATION", "_STATISTICS_TAGS", "bps_note"]));
        assert_eq!(kept, entries(&["title", "bps_note"]));
        assert_eq!(of_content(entries(&["encoder", "ARTIST"])), entries(&["ARTIST"]));
    }

    #[test]
    fn stripping_leaves_times_and_uses() {
        let stream = StreamTags { metadata: vec![("title".into(), "Ann".into())], disposition: 1 };
        let chapter = Chapter { start_ns: 1, end_ns: 2, title: "One".into() };
        let picture = AttachedPicture {
            codec: "png".into(),
            size: (1, 1),
            data: [1, 2].into(),
            metadata: vec![("title".into(), "Front".into())],
        };
        let all = SourceTags {
            metadata: vec![("artist".into(), "Ann".into())],
            chapters: vec![chapter.clone()],
            streams: [(0, stream.clone())].into(),
            pictures: vec![picture.clone()],
        };
        let left = all.stripped();
        assert_eq!(left.chapters, [Chapter { title: String::new(), ..chapter }]);
        assert_eq!(left.streams[&0], StreamTags { metadata: Vec::new(), ..stream });
        assert!(left.metadata.is_empty());
        assert_eq!(left.pictures, [AttachedPicture { metadata: Vec::new(), ..picture }]);
    }
}
