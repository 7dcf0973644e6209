//! How the sources of a task make the streams that its targets choose from: sources follow each other, and attached ones stand
//! beside them.

use super::spec::{AlignMode, TaskParts};
use super::{AudioStreamFacts, Clip, MediaFacts, SourceSpec, VideoStreamFacts};

/// The sources of a task with their facts, one for each.
#[derive(Debug, Clone, Copy)]
pub struct Composition<'a> {
    sources: &'a [SourceSpec],
    facts: &'a [MediaFacts],
    alignment: usize,
}

/// One stream that targets can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// One for each source that follows the others; of an attached source, one alone.
    pub parts: Vec<Part>,
    /// Place in `parts` of the stream that says what the track is. It is there.
    pub main: usize,
    /// How the track meets the length of the others, where it is of an attached source.
    pub attached: Option<AlignMode>,
}

/// What a source gives to a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Index in `Sources[]`.
    pub source: usize,
    /// Number among the source's streams of that kind; `None`: it has none, or is not to give it.
    pub stream: Option<usize>,
}

impl<'a> Composition<'a> {
    /// Of a task whose sources have these facts; `None` without facts of the source that the index of alignment names.
    pub fn new(spec: &'a TaskParts, facts: &'a [MediaFacts]) -> Option<Self> {
        facts.get(spec.alignment)?;
        Some(Self { sources: &spec.sources, facts, alignment: spec.alignment })
    }

    /// Index of the source from which defaults, titles and subtitles come.
    pub fn alignment(&self) -> usize {
        self.alignment
    }

    /// Indices of the sources that follow each other: those that are not attached.
    pub fn sequence(&self) -> Vec<usize> {
        let all = self.sources.iter().enumerate();
        all.filter(|(_, source)| source.attached.is_none()).map(|(index, _)| index).collect()
    }

    /// Whether several sources follow each other.
    pub fn is_joined(&self) -> bool {
        self.sequence().len() > 1
    }

    /// The part of a source that is used; `None`: the whole.
    pub fn clip(&self, source: usize) -> Option<Clip> {
        self.sources.get(source).and_then(SourceSpec::clip)
    }

    /// Facts of one source.
    pub fn source(&self, source: usize) -> Option<&'a MediaFacts> {
        self.facts.get(source)
    }

    /// Nanoseconds of all that follows each other; `None` where a source does not say.
    pub fn length_ns(&self) -> Option<i64> {
        let length = |source: usize| {
            let whole = (self.source(source)?.duration? * 1e9).round() as i64;
            Some(self.clip(source).map_or(whole, |clip| clip.of(whole)))
        };
        self.sequence().into_iter().try_fold(0i64, |sum, source| Some(sum.saturating_add(length(source)?)))
    }

    /// The video streams to choose from.
    pub fn videos(&self) -> Vec<Track> {
        self.tracks(|facts| facts.video_streams.len(), |source| source.disable_video)
    }

    /// The audio streams to choose from.
    pub fn audios(&self) -> Vec<Track> {
        self.tracks(|facts| facts.audio_streams.len(), |source| source.disable_audio)
    }

    /// What a part is, where it has video.
    pub fn video(&self, part: Part) -> Option<&'a VideoStreamFacts> {
        self.source(part.source)?.video_streams.get(part.stream?)
    }

    /// The same of audio.
    pub fn audio(&self, part: Part) -> Option<&'a AudioStreamFacts> {
        self.source(part.source)?.audio_streams.get(part.stream?)
    }

    /// The facts of the source of alignment, with the streams to choose from in place of its own.
    pub fn facts(&self) -> MediaFacts {
        let Some(own) = self.source(self.alignment) else { return MediaFacts::default() };
        let main = |track: &Track| track.parts.get(track.main).copied();
        let videos = self.videos();
        let videos = videos.iter().filter_map(|track| self.video(main(track)?).cloned());
        let audios = self.audios();
        let audios = audios.iter().filter_map(|track| self.audio(main(track)?).cloned());
        MediaFacts { video_streams: videos.collect(), audio_streams: audios.collect(), ..own.clone() }
    }

    fn tracks(&self, count: impl Fn(&MediaFacts) -> usize, disabled: impl Fn(&SourceSpec) -> bool) -> Vec<Track> {
        let count = |source: usize| match (self.sources.get(source), self.source(source)) {
            (Some(spec), Some(facts)) if !disabled(spec) => count(facts),
            _ => 0,
        };
        let sequence = self.sequence();
        let most = sequence.iter().map(|source| count(*source)).max().unwrap_or(0);
        let joined = (0..most).map(|number| {
            let part = |source: &usize| Part { source: *source, stream: (number < count(*source)).then_some(number) };
            let parts: Vec<_> = sequence.iter().map(part).collect();
            let has = |part: &Part| part.stream.is_some();
            let aligned = parts.iter().position(|part| part.source == self.alignment && has(part));
            let main = aligned.or_else(|| parts.iter().position(has)).unwrap_or(0);
            Track { parts, main, attached: None }
        });
        let sources = self.sources.iter().enumerate();
        let attached = sources.filter_map(|(source, spec)| Some((source, spec.attached?)));
        let attached = attached.flat_map(|(source, mode)| {
            let part = move |number| Part { source, stream: Some(number) };
            (0..count(source)).map(move |number| Track { parts: vec![part(number)], main: 0, attached: Some(mode) })
        });
        joined.chain(attached).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::task::ObjectUri;

    fn source(name: &str) -> SourceSpec {
        SourceSpec::new(ObjectUri::parse(&format!("oss://b/{name}")).unwrap())
    }

    fn spec(sources: Vec<SourceSpec>, alignment: usize) -> TaskParts {
        TaskParts {
            project_name: "p".into(),
            sources,
            alignment,
            targets: Vec::new(),
            tags: BTreeMap::new(),
            user_data: None,
            tolerate_damage: false,
            priority: 0,
            receivers: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// So many seconds, with so many audio streams at these rates.
    fn sound(seconds: f64, rates: &[u32]) -> MediaFacts {
        let audio = |(index, rate): (usize, &u32)| AudioStreamFacts { index, ..AudioStreamFacts::of_rate(*rate) };
        MediaFacts {
            duration: Some(seconds),
            audio_streams: rates.iter().enumerate().map(audio).collect(),
            ..MediaFacts::default()
        }
    }

    #[test]
    fn a_track_has_a_part_for_each_source_whether_it_has_a_stream_or_not() {
        let clipped = SourceSpec { start: 1.0, duration: Some(2.0), ..source("b") };
        let spec = spec(vec![source("a"), clipped, SourceSpec { disable_audio: true, ..source("c") }], 1);
        let facts = [sound(4.0, &[44_100]), sound(10.0, &[48_000, 8_000]), sound(3.0, &[96_000])];
        let composition = Composition::new(&spec, &facts).unwrap();
        assert!(composition.is_joined());
        assert_eq!(composition.length_ns(), Some(9_000_000_000));
        let tracks = composition.audios();
        let streams = |track: &Track| track.parts.iter().map(|part| part.stream).collect::<Vec<_>>();
        assert_eq!(streams(&tracks[0]), [Some(0), Some(0), None]);
        assert_eq!(streams(&tracks[1]), [None, Some(1), None]);
        assert_eq!((tracks[0].main, tracks[1].main), (1, 1));
        let rates: Vec<_> = composition.facts().audio_streams.iter().map(|audio| audio.sample_rate).collect();
        assert_eq!(rates, [48_000, 8_000]);
    }

    #[test]
    fn attached_sources_add_tracks_behind_those_of_the_others() {
        let attached = SourceSpec { attached: Some(AlignMode::Loop), ..source("music") };
        let muted = SourceSpec { disable_audio: true, ..source("a") };
        let spec = spec(vec![attached, muted], 1);
        let facts = [sound(1.0, &[8_000]), sound(4.0, &[44_100])];
        let composition = Composition::new(&spec, &facts).unwrap();
        assert!(!composition.is_joined());
        let tracks = composition.audios();
        assert_eq!(tracks.len(), 1);
        assert_eq!(tracks[0].attached, Some(AlignMode::Loop));
        assert_eq!(composition.audio(tracks[0].parts[0]).unwrap().sample_rate, 8_000);
        assert_eq!(composition.length_ns(), Some(4_000_000_000));
        assert!(Composition::new(&spec, &facts[..1]).is_none());
    }
}
