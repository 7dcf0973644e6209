//! One chain of libavfilter between a source and a sink.

use ffmpeg_next::filter::Graph;
use ffmpeg_next::{Error, Frame as RawFrame};

use super::{MediaError, Result, ffi};

/// A configured chain with one input and one output. Pictures or samples go in and come out in order.
pub(super) struct Chain {
    graph: Graph,
    description: String,
}

impl Chain {
    /// Builds `source -> filters -> sink`. `kind` is `""` for video or `"a"` for audio; `arguments` describe the input.
    pub(super) fn build(kind: &str, arguments: &str, filters: &str) -> Result<Self> {
        let (built, said) = ffi::with_log(|| Self::configure(kind, arguments, filters));
        let graph = built.map_err(|error| {
            MediaError::Bug(format!("the filters `{filters}` refuse input `{arguments}`: {error} ({said})"))
        })?;
        Ok(Self { graph, description: filters.to_owned() })
    }

    fn configure(kind: &str, arguments: &str, filters: &str) -> Result<Graph, Error> {
        let find = |name: &str| ffmpeg_next::filter::find(name).ok_or(Error::FilterNotFound);
        let mut graph = Graph::new();
        graph.add(&find(&format!("{kind}buffer"))?, "in", arguments)?;
        graph.add(&find(&format!("{kind}buffersink"))?, "out", "")?;
        graph.output("in", 0)?.input("out", 0)?.parse(filters)?;
        graph.validate()?;
        Ok(graph)
    }

    /// Samples per frame that come out, except for the last; only for audio.
    pub(super) fn set_frame_size(&mut self, samples: u32) {
        if let Some(mut sink) = self.graph.get("out") {
            sink.sink().set_frame_size(samples);
        }
    }

    /// Unit of the timestamps that come out.
    pub(super) fn time_base(&mut self) -> Option<(i32, i32)> {
        let mut sink = self.graph.get("out")?;
        let base = sink.sink().time_base();
        Some((base.numerator(), base.denominator()))
    }

    /// Puts a frame in; its content moves into the graph.
    pub(super) fn push(&mut self, frame: &mut RawFrame) -> Result<()> {
        let mut source = self.graph.get("in").ok_or_else(|| self.failed("no source", ""))?;
        let (pushed, said) = ffi::with_log(|| source.source().add(frame));
        pushed.map_err(|error| self.failed(&error.to_string(), &said))
    }

    /// Ends the input at this timestamp, in the unit of the input.
    pub(super) fn close(&mut self, time: i64) -> Result<()> {
        let mut source = self.graph.get("in").ok_or_else(|| self.failed("no source", ""))?;
        match source.source().close(time) {
            Ok(()) | Err(Error::Eof) => Ok(()),
            Err(error) => Err(self.failed(&error.to_string(), "")),
        }
    }

    /// Takes a frame out; false where there is none for now.
    pub(super) fn pull(&mut self, frame: &mut RawFrame) -> Result<bool> {
        let mut sink = self.graph.get("out").ok_or_else(|| self.failed("no sink", ""))?;
        match sink.sink().frame(frame) {
            Ok(()) => Ok(true),
            Err(Error::Eof | Error::Other { errno: ffmpeg_next::error::EAGAIN }) => Ok(false),
            Err(error) => Err(self.failed(&error.to_string(), "")),
        }
    }

    fn failed(&self, error: &str, said: &str) -> MediaError {
        MediaError::Bug(format!("the filters `{}` failed: {error} ({said})", self.description))
    }
}
