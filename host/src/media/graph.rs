//! One chain of libavfilter between a source and a sink.

use ffmpeg_next::{Error, Frame as RawFrame};

use super::{MediaError, Result, ffi};

/// A configured chain with one output, and one input unless it is built of many. Pictures or samples go in and come out in order.
pub(super) struct Chain {
    graph: ffi::FilterGraph,
    description: String,
}

impl Chain {
    /// Builds `source -> filters -> sink`. `kind` is `""` for video or `"a"` for audio; `arguments` describe the input. `Unsupported` where
    /// FFmpeg's filters cannot be loaded, `Bug` where they refuse.
    pub(super) fn build(kind: &str, arguments: &str, filters: &str) -> Result<Self> {
        Self::build_of_many(kind, 1, arguments, filters)
    }

    /// The same with several inputs of one form, which the first of the filters takes; `push` and `close` are for the first input.
    pub(super) fn build_of_many(kind: &str, inputs: usize, arguments: &str, filters: &str) -> Result<Self> {
        ffi::load_filters()
            .map_err(|error| MediaError::Unsupported(format!("FFmpeg's filters cannot be loaded: {error}")))?;
        let sources: Vec<_> = (0..inputs).map(|input| format!("{kind}buffer@in{input}")).collect();
        let sink = format!("{kind}buffersink@out");
        let links: String = (0..inputs).map(|input| format!("[in{input}]")).collect();
        let named = sources.iter().enumerate();
        let begin: String = named.map(|(input, source)| format!("{source}={arguments}[in{input}];")).collect();
        let description = format!("{begin}{links}{filters}[out];[out]{sink}");
        let (built, said) = ffi::with_log(|| ffi::FilterGraph::new(&description, &sources, &sink));
        let graph = built.map_err(|error| {
            MediaError::Bug(format!("the filters `{filters}` refuse input `{arguments}`: {error} ({said})"))
        })?;
        Ok(Self { graph, description: filters.to_owned() })
    }

    /// Unit of the timestamps that come out.
    pub(super) fn time_base(&self) -> (i32, i32) {
        let base = self.graph.time_base();
        (base.numerator(), base.denominator())
    }

    /// Puts a frame in; its content moves into the graph.
    pub(super) fn push(&mut self, frame: &mut RawFrame) -> Result<()> {
        self.push_into(0, frame)
    }

    /// Puts a frame into one of many inputs.
    pub(super) fn push_into(&mut self, input: usize, frame: &mut RawFrame) -> Result<()> {
        let (pushed, said) = ffi::with_log(|| self.graph.push(input, frame));
        pushed.map_err(|error| self.failed(error, &said))
    }

    /// Ends the input at this timestamp, in the unit of the input.
    pub(super) fn close(&mut self, time: i64) -> Result<()> {
        self.close_one(0, time)
    }

    /// Ends one of many inputs.
    pub(super) fn close_one(&mut self, input: usize, time: i64) -> Result<()> {
        match self.graph.close(input, time) {
            Ok(()) | Err(Error::Eof) => Ok(()),
            Err(error) => Err(self.failed(error, "")),
        }
    }

    /// Takes a frame out; false where there is none for now.
    pub(super) fn pull(&mut self, frame: &mut RawFrame) -> Result<bool> {
        match self.graph.pull(frame) {
            Ok(()) => Ok(true),
            Err(Error::Eof | Error::Other { errno: ffmpeg_next::error::EAGAIN }) => Ok(false),
            Err(error) => Err(self.failed(error, "")),
        }
    }

    fn failed(&self, error: Error, said: &str) -> MediaError {
        MediaError::Bug(format!("the filters `{}` failed: {error} ({said})", self.description))
    }
}

/// How a chain is told of sound: samples per second, and FFmpeg's names of the sample format and the layout.
pub(super) fn sound(rate: u32, format: &str, layout: &str) -> String {
    format!("time_base=1/{rate}:sample_rate={rate}:sample_fmt={format}:channel_layout={layout}")
}
