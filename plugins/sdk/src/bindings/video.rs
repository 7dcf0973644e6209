//! The exports of world `video-filter`.

use std::cell::RefCell;
use std::marker::PhantomData;

use super::imports::wasmux::media::frames;
use super::video_filter::exports::wasmux::plugin::video::{Filter, Guest, GuestFilter};
use super::{WireError, log_panics};
use crate::{Frame, Setup, VideoFilter, filter, outside};

/// Exports a [`VideoFilter`].
pub struct VideoFilterExport<F>(PhantomData<F>);

impl<F: VideoFilter> Guest for VideoFilterExport<F> {
    type Filter = Instance<F>;
}

/// One opened filter. The host never calls it concurrently, so the cell is never borrowed twice.
pub struct Instance<F> {
    setup: Setup,
    filter: RefCell<F>,
}

impl<F: VideoFilter> GuestFilter for Instance<F> {
    fn open(setup: &frames::Setup, parameters: String) -> Result<Filter, WireError> {
        log_panics();
        let setup = outside::setup(setup);
        let filter = RefCell::new(filter::open::<F>(&setup, &parameters)?);
        Ok(Filter::new(Self { setup, filter }))
    }

    fn process(&self, frame: &frames::Frame) -> Result<(), WireError> {
        let mut frame = Frame::new(outside::FrameHandle(frame), &self.setup);
        Ok(self.filter.borrow_mut().process(&mut frame)?)
    }

    fn finish(&self) -> Result<(), WireError> {
        Ok(self.filter.borrow_mut().finish()?)
    }
}
