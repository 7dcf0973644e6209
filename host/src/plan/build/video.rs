//! The nodes that make the video of a target.

use super::{Builder, Making};
use crate::plan::graph::{Blank, Filter, NodeId, Operation, Transform};
use crate::task::resolved::Geometry;
use crate::task::spec::VideoTarget;
use crate::task::{Colour, Failure, Picture, ResolvedVideo, Track, VideoStreamFacts, VideoWish};

impl Builder<'_> {
    /// The nodes whose packets are the output's video streams, and the picture of the first where video is encoded.
    pub(super) fn video(&mut self, making: &Making<'_>) -> Result<(Vec<NodeId>, Option<Picture>), Failure> {
        let Making { wish, target } = *making;
        if wish.video == VideoWish::None {
            return Ok((Vec::new(), None));
        }
        let tracks = self.composition.videos();
        self.missing_streams(making, "Video", "video", &wish.video_streams, tracks.len());
        let composition = self.composition;
        let main = |track: &Track| composition.video(*track.parts.get(track.main)?);
        let chosen = wish.video_streams.of(tracks.len()).into_iter().filter_map(|number| tracks.get(number).cloned());
        let chosen: Vec<_> = chosen.filter_map(|track| main(&track).map(|stream| (track, stream))).collect();
        super::output::fits(wish.container, wish.container.most_videos(), chosen.len(), "Video")?;
        let VideoWish::Transcode(asked) = &wish.video else {
            if let Some((track, _)) = chosen.first() {
                self.cut_is_inexact(making, track.parts.first().map_or(0, |part| part.source));
            }
            for (_, stream) in &chosen {
                self.rotation_is_kept(wish.container, stream, target.index);
            }
            let streams = chosen.into_iter().map(|(track, stream)| (track, stream.index, &*stream.codec_name));
            return Ok((self.copies(making, streams, "Video")?, None));
        };
        if chosen.len() != target.videos.len() {
            return Err(super::unresolved("video"));
        }
        let mut encodes = Vec::new();
        let mut first = None;
        for (number, ((track, stream), video)) in chosen.iter().zip(&target.videos).enumerate() {
            let output = output_picture(video, stream);
            first.get_or_insert(output);
            let frames = self.frames(making, (number, track), video, output)?;
            encodes.push(self.encoded(making, asked, frames, video, output));
        }
        Ok((encodes, first))
    }

    /// The pictures of a track in the form of the output.
    fn frames(
        &mut self,
        making: &Making<'_>,
        (number, track): (usize, &Track),
        video: &ResolvedVideo,
        output: Picture,
    ) -> Result<NodeId, Failure> {
        let composition = self.composition;
        let own = vec![Some(Geometry::from(video))];
        let geometries = making.target.joined.get(number).unwrap_or(&own);
        let repeat = self.repeat(track)?;
        let mut parts = Vec::new();
        for (place, part) in track.parts.iter().enumerate() {
            let demux = self.demux(part.source, repeat);
            let Some(stream) = composition.video(*part) else {
                parts.push(demux);
                continue;
            };
            let Some(geometry) = geometries.get(place).cloned().flatten() else {
                return Err(super::unresolved("video"));
            };
            let decoded = self.graph.node(Operation::DecodeVideo { stream: stream.index }, &[demux]);
            if self.is_alone(track) {
                let frames = self.at_speed(making.wish, decoded);
                return Ok(self.transformed(frames, geometry, output));
            }
            let picture = Picture { frame_rate: None, ..output };
            let geometry = Geometry { frame_rate: None, ..geometry };
            parts.push(self.transformed(decoded, geometry, picture));
        }
        let rate = video.encoding.frame_rate;
        let blank = Blank::Black(Picture { frame_rate: None, ..output });
        let frames = self.joined(making, track, &parts, blank, rate)?;
        let frames = self.at_speed(making.wish, frames);
        // Sources have rates of their own; the output has that of the one of alignment.
        let geometry = Geometry { frame_rate: rate, ..Geometry::whole(video.size()) };
        Ok(if rate.is_some() { self.transformed(frames, geometry, output) } else { frames })
    }

    fn transformed(&mut self, frames: NodeId, geometry: Geometry, picture: Picture) -> NodeId {
        self.graph.node(Operation::Transform(Box::new(Transform { geometry, picture })), &[frames])
    }

    /// The nodes behind the scaler of one stream: filters and the encoder.
    fn encoded(
        &mut self,
        making: &Making<'_>,
        wish: &VideoTarget,
        mut frames: NodeId,
        video: &ResolvedVideo,
        output: Picture,
    ) -> NodeId {
        for (filter, plugin) in wish.filters.iter().zip(&making.target.filters) {
            let filter = Filter {
                role: filter.role,
                plugin: plugin.clone(),
                reference: filter.plugin.clone(),
                parameters: filter.parameters.clone(),
                picture: output,
                active: filter.span.map(|span| span.nanoseconds(output.frame_rate)),
                on_error: filter.on_error,
                regions: None,
            };
            frames = self.graph.node(Operation::Filter(Box::new(filter)), &[frames]);
        }
        let keyframe_interval = making.wish.segment.map(|segment| segment.duration);
        let encode = Operation::EncodeVideo { encoding: video.encoding, picture: output, keyframe_interval };
        self.graph.node(encode, &[frames])
    }
}

/// What leaves the scaler: the policy's size and format with the source's colour.
fn output_picture(video: &ResolvedVideo, stream: &VideoStreamFacts) -> Picture {
    let size = video.size();
    Picture {
        width: size.width,
        height: size.height,
        pixel_format: video.pixel_format,
        sample_aspect: video.sample_aspect,
        frame_rate: video.encoding.frame_rate,
        colour: if video.tone_map { Colour::BT709 } else { stream.colour },
    }
}
