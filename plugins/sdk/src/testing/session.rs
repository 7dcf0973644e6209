//! Runs a plugin as the host runs it.

use super::{FakeFrame, Planes, Region, with_host};
use crate::manifest::{MAX_BYTES, Registered};
use crate::outside::{FrameHandle, Samples};
use crate::{Error, Frame, ParameterPolicy, Setup, VideoFilter, filter, parameters};

/// An opened filter. It is called as the host calls it: only for frames within its declared regions.
pub struct OpenFilter<F> {
    setup: Setup,
    filter: F,
    regions: Vec<Region>,
}

/// Opens a filter with JSON parameters, as the host does. The parameters are not checked against the plugin's schema.
///
/// # Errors
/// What the filter answers; `InvalidParameters` if the JSON does not fit its type.
pub fn open<F: VideoFilter>(setup: &Setup, parameters: &str) -> Result<OpenFilter<F>, Error> {
    with_host(|host| {
        host.regions.clear();
        host.opening = true;
    });
    let filter = filter::open(setup, parameters);
    let regions = with_host(|host| {
        host.opening = false;
        host.regions.clone()
    });
    Ok(OpenFilter { setup: setup.clone(), filter: filter?, regions })
}

impl<F: VideoFilter> OpenFilter<F> {
    /// Where and when it declared to work; empty: everywhere, always.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The filter itself.
    pub fn filter(&self) -> &F {
        &self.filter
    }

    /// Passes a frame. The answer tells whether the filter was called at all.
    ///
    /// # Errors
    /// What the filter answers.
    ///
    /// # Panics
    /// The frame is of another picture than the filter was opened for, or the filter does what traps in the host.
    pub fn process(&mut self, frame: &mut FakeFrame) -> Result<bool, Error> {
        assert_eq!(frame.setup(), &self.setup, "the frame is of another picture than the filter was opened for");
        let time = frame.time();
        if !self.regions.is_empty() && !self.regions.iter().any(|region| region.is_active(time)) {
            return Ok(false);
        }
        // Several filters may be open in one test.
        with_host(|host| host.regions.clone_from(&self.regions));
        frame.memory.guarded = true;
        let result = self.filter.process(&mut frame.frame());
        frame.memory.guarded = false;
        result.map(|()| true)
    }

    /// Passes a picture that is somebody else's, whether the filter declared to work at its time or not. In the thread that does this the fake host may be empty: what the
    /// filter needs it has read when it was opened.
    ///
    /// # Errors
    /// What the filter answers.
    pub fn process_lent(
        &mut self,
        planes: &mut dyn Planes,
        (time, duration): (i64, i64),
        index: u64,
    ) -> Result<(), Error> {
        let samples = Samples::Lent { planes, time, duration, index };
        self.filter.process(&mut Frame::new(FrameHandle { samples, setup: &self.setup }, &self.setup))
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// What the filter answers.
    pub fn finish(mut self) -> Result<F, Error> {
        self.filter.finish()?;
        Ok(self.filter)
    }
}

/// The manifest of a registered plugin.
///
/// # Panics
/// It is no JSON (the schema that was registered is not) or over 64 KiB.
#[track_caller]
pub fn manifest<P: Registered>() -> serde_json::Value {
    assert!(P::MANIFEST.len() <= MAX_BYTES, "the manifest has {} bytes, allowed are {MAX_BYTES}", P::MANIFEST.len());
    match serde_json::from_str(P::MANIFEST) {
        Ok(manifest) => manifest,
        #[expect(clippy::panic, reason = "an assertion for tests")]
        Err(error) => panic!("the manifest is no JSON: {error}\n{}", P::MANIFEST),
    }
}

/// Runs a parameter policy on a JSON document, as the host does.
///
/// # Errors
/// What the policy answers; `InvalidParameters` if the document is none.
pub fn resolve<P: ParameterPolicy>(document: &str) -> Result<String, Error> {
    parameters::resolve::<P>(document)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::testing::{Host, picture};
    use crate::{Rect, log, report};

    struct Box2 {
        value: u16,
        area: Rect,
    }

    #[derive(Deserialize)]
    struct Parameters {
        value: u16,
        write: [u32; 4],
    }

    impl VideoFilter for Box2 {
        type Parameters = Parameters;

        fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
            if parameters.value > setup.max_sample() {
                return Err(Error::new("TooBright", "at most 255").field("value"));
            }
            report::region(Rect::new(2, 2, 4, 4), 100, Some(200));
            report::warning("Clipped", "write", "it was too large");
            log::info("open");
            let [x, y, width, height] = parameters.write;
            Ok(Self { value: parameters.value, area: Rect::new(x, y, width, height) })
        }

        fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
            frame.edit_samples(0, self.area, |samples| samples.fill(self.value));
            Ok(())
        }
    }

    crate::register_video_filter!(Box2, schema: r#"{"type":"object"}"#, stateless: true);

    #[test]
    fn a_filter_is_called_only_within_its_regions() {
        let host = Host::install();
        let picture = picture(8, 8);
        let mut filter = open::<Box2>(&picture.setup(), r#"{"value":99,"write":[3,3,1,2]}"#).unwrap();
        host.assert_warned("Clipped", "write");
        assert_eq!(host.logs()[0].message, "open");
        assert_eq!(filter.regions().len(), 1);
        for (time, called) in [(0, false), (99, false), (100, true), (199, true), (200, false)] {
            let mut frame = picture.frame().at(time);
            assert_eq!(filter.process(&mut frame), Ok(called));
            assert_eq!(frame.sample(0, 3, 4) == 99, called);
        }
        assert_eq!(filter.finish().map(|filter| filter.value), Ok(99));
    }

    #[test]
    fn typed_errors_reach_the_test() {
        let _host = Host::install();
        let error = open::<Box2>(&picture(8, 8).setup(), r#"{"value":999,"write":[0,0,1,1]}"#).err().unwrap();
        assert_eq!(error, Error::new("TooBright", "at most 255").field("value"));
        let error = open::<Box2>(&picture(8, 8).setup(), r#"{"value":1,"write":[0]}"#).err().unwrap();
        assert_eq!((error.code(), error.field_path()), (Error::INVALID_PARAMETERS, Some("write")));
    }

    #[test]
    #[should_panic(
        expected = "it wrote 3x1 samples at (0, 3) of plane 0, outside of all regions that it declared for this time"
    )]
    fn a_write_outside_of_the_regions_traps() {
        let _host = Host::install();
        let mut filter = open::<Box2>(&picture(8, 8).setup(), r#"{"value":99,"write":[0,3,3,1]}"#).unwrap();
        let _ = filter.process(&mut picture(8, 8).frame().at(100));
    }

    #[test]
    #[should_panic(expected = "it declared a region outside of `open`")]
    fn regions_are_declared_only_while_opening() {
        let _host = Host::install();
        report::region(Rect::new(0, 0, 1, 1), 0, None);
    }

    #[test]
    fn the_manifest_is_json() {
        let manifest = manifest::<Box2>();
        assert_eq!(manifest["world"], "wasmux:plugin/video-filter@0.1.0");
        assert_eq!(manifest["formats"]["chroma"], serde_json::json!(["420", "422", "444"]));
    }
}
