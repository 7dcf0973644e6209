//! Bitstream filters: packets in another form of the same codec.

use ffmpeg_next::codec::Parameters;
use ffmpeg_next::ffi;
use ffmpeg_next::packet::{Mut, Packet};
use ffmpeg_next::{Error, Rational};

/// A chain of bitstream filters for one stream.
pub(in crate::media) struct PacketFilter {
    context: *mut ffi::AVBSFContext,
}

// SAFETY: the context has no ties to a thread, and this is its only owner.
unsafe impl Send for PacketFilter {}

impl PacketFilter {
    /// Opens a chain such as `a,b=x=1` for packets with these parameters and this time base.
    pub(in crate::media) fn open(chain: &str, parameters: &Parameters, base: Rational) -> Result<Self, Error> {
        let chain = std::ffi::CString::new(chain).map_err(|_| Error::InvalidData)?;
        let mut context = std::ptr::null_mut();
        // SAFETY: a string that ends in NUL; the context is written on success and is owned from then on.
        let parsed = unsafe { ffi::av_bsf_list_parse_str(chain.as_ptr(), &raw mut context) };
        if parsed < 0 || context.is_null() {
            return Err(Error::from(parsed));
        }
        let filter = Self { context };
        // SAFETY: the pointer is only used below, while the parameters are borrowed.
        let source = unsafe { parameters.as_ptr() };
        // SAFETY: an allocated context of which nobody else holds a reference.
        let raw = unsafe { &mut *filter.context };
        raw.time_base_in = base.into();
        // SAFETY: a new context has allocated input parameters; the source is null or allocated, and null is refused here.
        let copied = if source.is_null() { -1 } else { unsafe { ffi::avcodec_parameters_copy(raw.par_in, source) } };
        if copied < 0 {
            return Err(Error::from(copied));
        }
        // SAFETY: a context with its input set, not initialised before.
        match unsafe { ffi::av_bsf_init(filter.context) } {
            0.. => Ok(filter),
            error => Err(Error::from(error)),
        }
    }

    /// Parameters of what comes out.
    pub(in crate::media) fn parameters(&self) -> Result<Parameters, Error> {
        let mut parameters = Parameters::new();
        // SAFETY: the pointer is only used below, while `parameters` lives.
        let target = unsafe { parameters.as_mut_ptr() };
        if target.is_null() {
            return Err(super::no_memory());
        }
        // SAFETY: an initialised context, which owns its output parameters.
        let source = unsafe { (*self.context).par_out };
        // SAFETY: both are allocated.
        match unsafe { ffi::avcodec_parameters_copy(target, source) } {
            0.. => Ok(parameters),
            error => Err(Error::from(error)),
        }
    }

    /// Filters one packet. The filters used here make one of each; `None` where one is swallowed.
    pub(in crate::media) fn filter(&mut self, packet: &mut Packet) -> Result<Option<Packet>, Error> {
        // SAFETY: an initialised context; the packet's content moves into it.
        match unsafe { ffi::av_bsf_send_packet(self.context, packet.as_mut_ptr()) } {
            0.. => {}
            error => return Err(Error::from(error)),
        }
        let mut out = Packet::empty();
        // SAFETY: an initialised context and a blank packet.
        match unsafe { ffi::av_bsf_receive_packet(self.context, out.as_mut_ptr()) } {
            0.. => Ok(Some(out)),
            error => match Error::from(error) {
                Error::Other { errno: ffmpeg_next::error::EAGAIN } => Ok(None),
                error => Err(error),
            },
        }
    }
}

impl Drop for PacketFilter {
    fn drop(&mut self) {
        // SAFETY: the only owner; the call sets the pointer to null.
        unsafe { ffi::av_bsf_free(&raw mut self.context) };
    }
}
