//! Attached pictures and data streams of a target.

use super::{Builder, Making};
use crate::plan::graph::{NodeId, Operation};
use crate::task::{OtherStreamFacts, StreamChoice, Warning};

impl Builder<'_> {
    /// Numbers of the source's attached pictures that are kept. What the container has no place for is left out, with a warning.
    pub(super) fn pictures(&mut self, making: &Making<'_>) -> Vec<usize> {
        let (facts, wish) = (self.facts.clone(), making.wish);
        let held = |picture: &OtherStreamFacts| {
            let codec = &picture.codec_name;
            let why =
                || format!("Container {} holds no pictures of {codec}, but mjpeg, png and bmp", wish.container.name());
            if wish.container.holds_picture(codec) { Ok(()) } else { Err(why()) }
        };
        self.others(making, "AttachedPicture", "attached picture", (&wish.pictures, &facts.attached_pictures), held)
    }

    /// The nodes whose packets are the output's data streams.
    pub(super) fn data(&mut self, making: &Making<'_>) -> Vec<NodeId> {
        let (facts, wish) = (self.facts.clone(), making.wish);
        let (slowed, joined) = (super::speed_of(wish).is_some(), self.composition.is_joined());
        let held = |data: &OtherStreamFacts| {
            let kind = &data.codec_name;
            if !wish.container.holds_data(kind) {
                return Err(format!(
                    "Container {} cannot hold data of the kind {kind}, but gpmd",
                    wish.container.name()
                ));
            }
            match (joined, slowed) {
                (true, _) => Err("several sources follow each other".to_owned()),
                (false, true) => Err("its times would not follow Speed".to_owned()),
                (false, false) => Ok(()),
            }
        };
        let numbers = self.others(making, "Data", "data stream", (&wish.data, &facts.data_streams), held);
        let demux = self.aligned_demux();
        let streams = numbers.into_iter().filter_map(|number| facts.data_streams.get(number));
        streams.map(|data| self.graph.node(Operation::Copy { stream: data.index }, &[demux])).collect()
    }

    /// The chosen ones that can be held; a warning for each other.
    fn others(
        &mut self,
        making: &Making<'_>,
        field: &str,
        kind: &str,
        (choice, streams): (&StreamChoice, &[OtherStreamFacts]),
        held: impl Fn(&OtherStreamFacts) -> Result<(), String>,
    ) -> Vec<usize> {
        let index = making.target.index;
        let warn = |code: String, field: String, message: String| Warning { code, field, target: Some(index), message };
        for number in choice.missing(streams.len()) {
            let message = format!("the source has no {kind} {number}; it has {}", streams.len());
            let field = format!("Targets[{index}].{field}.Stream");
            self.warnings.push(warn("NoSuchStream".to_owned(), field, message));
        }
        let mut numbers = choice.of(streams.len());
        numbers.retain(|number| {
            let judged = streams.get(*number).map_or(Ok(()), &held);
            if let Err(why) = &judged {
                let message = format!("{kind} {number} of the source is left out: {why}");
                let field_path = format!("Targets[{index}].{field}");
                self.warnings.push(warn(format!("{field}Dropped"), field_path, message));
            }
            judged.is_ok()
        });
        numbers
    }
}
