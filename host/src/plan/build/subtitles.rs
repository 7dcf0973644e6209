//! The nodes that make the subtitles of a target.

use super::{Builder, Making};
use crate::plan::graph::{NodeId, Operation};
use crate::plan::{PlannedSubtitle, PlannedTarget};
use crate::task::encoding::is_text;
use crate::task::{ErrorCode, Failure, Stage, StreamChoice, SubtitleStreamFacts, SubtitleWay, TargetSpec, Warning};

impl Builder<'_> {
    /// The nodes whose packets are the output's subtitle streams (decision 5 of the API reference). What the container has no place for is
    /// left out, with a warning.
    pub(super) fn subtitles(&mut self, making: &Making<'_>) -> Vec<NodeId> {
        let wish = making.wish;
        if wish.subtitle.disabled {
            return Vec::new();
        }
        let streams = self.facts.subtitles.clone();
        if self.composition.is_joined() {
            if !streams.is_empty() {
                self.dropped(making, "subtitles are left out, because several sources follow each other".to_owned());
            }
            return Vec::new();
        }
        // To have none is no matter unless they were asked for by their numbers.
        if matches!(wish.subtitle.streams, StreamChoice::These(_)) {
            self.missing_streams(making, "Subtitle", "subtitle", &wish.subtitle.streams, streams.len());
        }
        let (speed, demux) = (super::speed_of(wish), self.aligned_demux());
        let mut nodes = Vec::new();
        let mut chosen = wish.subtitle.streams.of(streams.len());
        if wish.subtitle.streams == StreamChoice::First {
            // Nobody adds what shall be left out.
            let added = streams.len().saturating_sub(self.added())..streams.len();
            chosen.extend(added.filter(|number| *number > 0));
        }
        let chosen = chosen.into_iter();
        for (number, stream) in chosen.filter_map(|number| Some((number, streams.get(number)?))) {
            let codec = match way(wish, stream) {
                Ok(SubtitleWay::Copied) => None,
                Ok(SubtitleWay::Converted(codec)) => Some(codec),
                Err(why) => {
                    self.dropped(making, format!("subtitle stream {number} of the source is left out: {why}"));
                    continue;
                }
            };
            nodes.push(self.graph.node(Operation::Subtitle { stream: stream.index, codec, speed }, &[demux]));
        }
        nodes
    }

    /// The files of extracted subtitles.
    pub(super) fn extracts(&mut self, making: &Making<'_>) -> Vec<PlannedSubtitle> {
        let Making { wish, target } = *making;
        let Some(extract) = &wish.subtitle.extract else { return Vec::new() };
        let streams = self.facts.subtitles.clone();
        for number in wish.subtitle.streams.of(streams.len()) {
            if let Some(stream) = streams.get(number).filter(|stream| !is_text(&stream.codec_name)) {
                let codec = &stream.codec_name;
                let why = format!("subtitle stream {number} of the source is not extracted: its {codec} is no text");
                self.dropped(making, why);
            }
        }
        let (speed, wanted, demux) = (super::speed_of(wish), extract.format.codec(), self.aligned_demux());
        let mut files = Vec::new();
        for file in &target.subtitles {
            let Some(stream) = streams.get(file.number) else { continue };
            let codec = Some(wanted).filter(|codec| codec.name() != stream.codec_name);
            let subtitle = Operation::Subtitle { stream: stream.index, codec, speed };
            let subtitle = self.graph.node(subtitle, &[demux]);
            let write = Operation::WriteSubtitle { format: extract.format, target: target.index, number: file.number };
            files.push(PlannedSubtitle { uri: file.uri.clone(), node: self.graph.node(write, &[subtitle]) });
        }
        files
    }

    /// A target without a media file: its output is the first of the files.
    pub(super) fn only_extracts(&mut self, making: &Making<'_>) -> Result<PlannedTarget, Failure> {
        let choice = &making.wish.subtitle.streams;
        if matches!(choice, StreamChoice::These(_)) {
            self.missing_streams(making, "Subtitle", "subtitle", choice, self.facts.subtitles.len());
        }
        let mut files = self.extracts(making).into_iter();
        let Some(PlannedSubtitle { uri, node }) = files.next() else {
            let message = "a target without any file was resolved, which is a bug of wasmux";
            return Err(Failure::new(ErrorCode::Internal, Stage::Plan, message));
        };
        Ok(PlannedTarget {
            index: making.target.index,
            uri,
            container: None,
            segment: None,
            uri_policy: making.target.uri_policy.clone(),
            parameter_policy: None,
            picture: None,
            mux: node,
            subtitles: files.collect(),
        })
    }

    /// How many of its subtitle streams, the last ones, were added to it.
    fn added(&self) -> usize {
        let source = self.spec.sources.get(self.composition.alignment());
        source.map_or(0, |source| source.subtitles.len())
    }

    fn dropped(&mut self, making: &Making<'_>, message: String) {
        let index = making.target.index;
        self.warnings.push(Warning {
            code: "SubtitleDropped".into(),
            field: format!("Targets[{index}].Subtitle"),
            target: Some(index),
            message,
        });
    }
}

/// What becomes of a stream, or why it is left out.
fn way(wish: &TargetSpec, stream: &SubtitleStreamFacts) -> Result<SubtitleWay, String> {
    let (container, codec) = (wish.container, &*stream.codec_name);
    if let Some(segment) = wish.segment {
        return Err(format!("segments of {} have no subtitles in this version", segment.format.name()));
    }
    container.way_of_subtitle(codec).ok_or_else(|| match container.text() {
        None => format!("Container {} holds no subtitles; mp4, mov, mkv and webm do", container.name()),
        Some(text) => {
            let name = container.name();
            format!("its {codec} is no text that can be converted, and Container {name} holds {} only", text.name())
        }
    })
}
