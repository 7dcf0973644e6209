//! One chain of libavfilter between a source and a sink.

use ffmpeg_next::filter::Graph;
use ffmpeg_next::{Error, Frame as RawFrame};

use super::{MediaError, Result, ffi};

/// A configured chain with one output, and one input unless it is built of many. Pictures or samples go in and come out in order.
pub(super) struct Chain {
    graph: Graph,
    description: String,
}

impl Chain {
    /// Builds `source -> filters -> sink`. `kind` is `""` for video or `"a"` for audio; `arguments` describe the input.
    pub(super) fn build(kind: &str, arguments: &str, filters: &str) -> Result<Self> {
        Self::build_of_many(kind, 1, arguments, filters)
    }

    /// The same with several inputs of one form, which the first of the filters takes; `push` and `close` are for the first input.
    pub(super) fn build_of_many(kind: &str, inputs: usize, arguments: &str, filters: &str) -> Result<Self> {
        let (built, said) = ffi::with_log(|| Self::configure(kind, inputs, arguments, filters));
        let graph = built.map_err(|error| {
            MediaError::Bug(format!("the filters `{filters}` refuse input `{arguments}`: {error} ({said})"))
        })?;
        Ok(Self { graph, description: filters.to_owned() })
    }

    fn configure(kind: &str, inputs: usize, arguments: &str, filters: &str) -> Result<Graph, Error> {
        let find = |name: &str| ffmpeg_next::filter::find(name).ok_or(Error::FilterNotFound);
        let mut graph = Graph::new();
        let names: Vec<_> = (0..inputs).map(name).collect();
        for name in &names {
            graph.add(&find(&format!("{kind}buffer"))?, name, arguments)?;
        }
        graph.add(&find(&format!("{kind}buffersink"))?, "out", "")?;
        let mut parser = graph.input("out", 0)?;
        for name in &names {
            parser = parser.output(name, 0)?;
        }
        let links: String = names.iter().map(|name| format!("[{name}]")).collect();
        parser.parse(&format!("{links}{filters}[out]"))?;
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
        self.push_into(0, frame)
    }

    /// Puts a frame into one of many inputs.
    pub(super) fn push_into(&mut self, input: usize, frame: &mut RawFrame) -> Result<()> {
        let mut source = self.graph.get(&name(input)).ok_or_else(|| self.failed("no source", ""))?;
        let (pushed, said) = ffi::with_log(|| source.source().add(frame));
        pushed.map_err(|error| self.failed(&error.to_string(), &said))
    }

    /// Ends the input at this timestamp, in the unit of the input.
    pub(super) fn close(&mut self, time: i64) -> Result<()> {
        self.close_one(0, time)
    }

    /// Ends one of many inputs.
    pub(super) fn close_one(&mut self, input: usize, time: i64) -> Result<()> {
        let mut source = self.graph.get(&name(input)).ok_or_else(|| self.failed("no source", ""))?;
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

/// The name of an input.
fn name(input: usize) -> String {
    format!("in{input}")
}

/// How a chain is told of sound: samples per second, and FFmpeg's names of the sample format and the layout.
pub(super) fn sound(rate: u32, format: &str, layout: &str) -> String {
    format!("time_base=1/{rate}:sample_rate={rate}:sample_fmt={format}:channel_layout={layout}")
}
