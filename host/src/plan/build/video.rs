//! The nodes that make the video of a target.

use super::{Builder, Making};
use crate::plan::graph::{Filter, NodeId, Operation, Transform};
use crate::task::resolved::Geometry;
use crate::task::spec::VideoTarget;
use crate::task::{Colour, Failure, Picture, ResolvedVideo, VideoStreamFacts, VideoWish};

impl Builder<'_> {
    /// The nodes whose packets are the output's video streams, and the picture of the first where video is encoded.
    pub(super) fn video(&mut self, making: &Making<'_>) -> Result<(Vec<NodeId>, Option<Picture>), Failure> {
        let Making { wish, target, .. } = *making;
        if wish.video == VideoWish::None {
            return Ok((Vec::new(), None));
        }
        let facts = self.facts;
        let chosen = wish.chosen_videos(facts);
        self.missing_streams(making, "Video", "video", &wish.video_streams, facts.video_streams.len());
        super::output::fits(wish.container, wish.container.most_videos(), chosen.len(), "Video")?;
        let VideoWish::Transcode(asked) = &wish.video else {
            if !chosen.is_empty() {
                self.cut_is_inexact(making);
            }
            for stream in &chosen {
                self.rotation_is_kept(wish.container, stream, target.index);
            }
            let streams = chosen.iter().map(|stream| (stream.index, &*stream.codec_name));
            return Ok((self.copies(making, streams, "Video")?, None));
        };
        if chosen.len() != target.videos.len() {
            return Err(super::unresolved("video"));
        }
        let pictures = chosen.iter().zip(&target.videos).map(|(stream, video)| output_picture(video, stream));
        let first = pictures.clone().next();
        let encodes = chosen.iter().zip(&target.videos).zip(pictures);
        let encodes = encodes.map(|((stream, video), output)| self.encoded(making, asked, stream, video, output));
        Ok((encodes.collect(), first))
    }

    /// The nodes from the decoder to the encoder of one stream.
    fn encoded(
        &mut self,
        making: &Making<'_>,
        wish: &VideoTarget,
        stream: &VideoStreamFacts,
        video: &ResolvedVideo,
        output: Picture,
    ) -> NodeId {
        let frames = self.graph.node(Operation::DecodeVideo { stream: stream.index }, &[making.demux]);
        let frames = self.at_speed(making.wish, frames);
        let transform = Transform { geometry: Geometry::from(video), picture: output };
        let mut frames = self.graph.node(Operation::Transform(Box::new(transform)), &[frames]);
        for (filter, plugin) in wish.filters.iter().zip(&making.target.filters) {
            let filter = Filter {
                role: filter.role,
                plugin: plugin.clone(),
                reference: filter.plugin.clone(),
                parameters: filter.parameters.clone(),
                picture: output,
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
