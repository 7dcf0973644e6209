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

    /// The same with several inputs of one form, which `filters` take as `[in0][in1]...`; `push` and `close` are for one input only.
    pub(super) fn build_of_many(kind: &str, inputs: usize, arguments: &str, filters: &str) -> Result<Self> {
        let configure = || {
            let find = |name: &str| ffmpeg_next::filter::find(name).ok_or(Error::FilterNotFound);
            let mut graph = Graph::new();
            let mut links = String::new();
            for input in 0..inputs {
                graph.add(&find(&format!("{kind}buffer"))?, &name(input), arguments)?;
                links.push_str(&format!("[{}]", name(input)));
            }
            graph.add(&find(&format!("{kind}buffersink"))?, "out", "")?;
            let first = (inputs > 0).then(|| name(0)).ok_or(Error::InvalidData)?;
            let mut parser = graph.output(&first, 0)?;
            for input in 1..inputs {
                parser = parser.output(&name(input), 0)?;
            }
            parser.input("out", 0)?.parse(&format!("{links}{filters}[out]"))?;
            graph.validate()?;
            Ok(graph)
        };
        let (built, said) = ffi::with_log(configure);
        let graph = built.map_err(|error: Error| {
            MediaError::Bug(format!("the filters `{filters}` refuse {inputs} inputs `{arguments}`: {error} ({said})"))
        })?;
        Ok(Self { graph, description: filters.to_owned() })
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
        self.push_to("in", frame)
    }

    /// Puts a frame into one of many inputs.
    pub(super) fn push_into(&mut self, input: usize, frame: &mut RawFrame) -> Result<()> {
        self.push_to(&name(input), frame)
    }

    fn push_to(&mut self, source: &str, frame: &mut RawFrame) -> Result<()> {
        let mut source = self.graph.get(source).ok_or_else(|| self.failed("no source", ""))?;
        let (pushed, said) = ffi::with_log(|| source.source().add(frame));
        pushed.map_err(|error| self.failed(&error.to_string(), &said))
    }

    /// Ends the input at this timestamp, in the unit of the input.
    pub(super) fn close(&mut self, time: i64) -> Result<()> {
        self.close_named("in", time)
    }

    /// Ends one of many inputs.
    pub(super) fn close_one(&mut self, input: usize, time: i64) -> Result<()> {
        self.close_named(&name(input), time)
    }

    fn close_named(&mut self, source: &str, time: i64) -> Result<()> {
        let mut source = self.graph.get(source).ok_or_else(|| self.failed("no source", ""))?;
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

/// The name of one of many inputs.
fn name(input: usize) -> String {
    format!("in{input}")
}
