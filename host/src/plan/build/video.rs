//! The nodes that make the video of a target.

use super::{Builder, Making};
use crate::plan::graph::{Filter, NodeId, Operation, Transform};
use crate::task::resolved::Geometry;
use crate::task::{Failure, Picture, ResolvedVideo, VideoStreamFacts, VideoWish};

impl Builder<'_> {
    /// The nodes whose packets are the output's video streams, and the picture where video is encoded.
    pub(super) fn video(&mut self, making: &Making<'_>) -> Result<(Vec<NodeId>, Option<Picture>), Failure> {
        let Making { wish, target, demux } = *making;
        match (&wish.video, &target.video, self.facts.video_streams.first()) {
            (VideoWish::None, ..) => Ok((Vec::new(), None)),
            (VideoWish::Copy, _, Some(stream)) => {
                super::output::can_be_copied(wish.container, &stream.codec_name, "Video")?;
                self.rotation_is_kept(wish.container, stream, target.index);
                Ok((vec![self.graph.node(Operation::Copy { stream: stream.index }, &[demux])], None))
            }
            (VideoWish::Transcode(wish), Some(video), Some(stream)) => {
                let output = output_picture(video, stream);
                let frames = self.graph.node(Operation::DecodeVideo { stream: stream.index }, &[demux]);
                let transform = Transform { geometry: Geometry::from(video), picture: output };
                let mut frames = self.graph.node(Operation::Transform(Box::new(transform)), &[frames]);
                for (filter, plugin) in wish.filters.iter().zip(&target.filters) {
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
                let encode = Operation::EncodeVideo { encoding: video.encoding, picture: output };
                Ok((vec![self.graph.node(encode, &[frames])], Some(output)))
            }
            (VideoWish::Copy | VideoWish::Transcode(_), ..) => {
                self.no_stream(target.index, "Video", "video");
                Ok((Vec::new(), None))
            }
        }
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
        colour: stream.colour,
    }
}
