//! Memory of pictures that is used again.

use std::ffi::c_int;

use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, ffi};

use super::done;
use super::video::raw_mut;

/// Where rows and planes begin: what the widest vector instructions of encoders and scalers want.
const ALIGNMENT: usize = 64;
/// Rows beyond the picture that encoders may write to and read from.
const ROWS: c_int = 32;

/// Hands out pictures of one form. One that nobody refers to any more is handed out again, so that a stream needs as many as are on their way at a time,
/// and its memory is not given back and asked for with each frame.
pub(super) struct Pool {
    pool: *mut ffi::AVBufferPool,
    format: ffi::AVPixelFormat,
    size: (c_int, c_int),
    strides: [c_int; 4],
    offsets: [Option<usize>; 4],
}

// SAFETY: pools of libavutil are for many threads, and this is the only owner of the reference.
unsafe impl Send for Pool {}

impl Pool {
    /// A pool without any picture yet.
    pub(super) fn new(format: ffi::AVPixelFormat, width: c_int, height: c_int) -> Result<Self, Error> {
        let aligned =
            |value: c_int, to: c_int| value.checked_add(to - 1).map(|value| value / to * to).ok_or(Error::InvalidData);
        let mut strides = [0; 4];
        // SAFETY: plain arithmetic that writes four numbers; sizes that are too large are an error.
        done(unsafe {
            ffi::av_image_fill_linesizes(strides.as_mut_ptr(), format, aligned(width, ALIGNMENT as c_int)?)
        })?;
        for stride in &mut strides {
            *stride = aligned(*stride, ALIGNMENT as c_int)?;
        }
        let wide = strides.map(|stride| stride as isize);
        let mut sizes = [0_usize; 4];
        // SAFETY: as above.
        let filled = unsafe {
            ffi::av_image_fill_plane_sizes(sizes.as_mut_ptr(), format, aligned(height, ROWS)?, wide.as_ptr())
        };
        if filled < 0 {
            return Err(Error::from(filled));
        }
        let mut total = 0_usize;
        let mut offsets = [None; 4];
        for (offset, size) in offsets.iter_mut().zip(sizes).filter(|(_, size)| *size > 0) {
            *offset = Some(total);
            let padded = size.checked_next_multiple_of(ALIGNMENT).and_then(|size| size.checked_add(ALIGNMENT));
            total = padded.and_then(|size| total.checked_add(size)).ok_or(Error::InvalidData)?;
        }
        // SAFETY: a size, and the allocator that the library takes by itself.
        let pool = unsafe { ffi::av_buffer_pool_init(total + ALIGNMENT, None) };
        if pool.is_null() {
            return Err(super::no_memory());
        }
        Ok(Self { pool, format, size: (width, height), strides, offsets })
    }

    /// A picture whose samples are whatever was there before; the caller writes all of them.
    pub(super) fn get(&self) -> Result<Video, Error> {
        let mut video = Video::empty();
        let raw = raw_mut(&mut video);
        // SAFETY: the pool lives; a new reference or null.
        let buffer = unsafe { ffi::av_buffer_pool_get(self.pool) };
        // SAFETY: null or a buffer.
        let Some(held) = (unsafe { buffer.as_ref() }) else {
            return Err(super::no_memory());
        };
        raw.buf[0] = buffer;
        raw.format = self.format as c_int;
        (raw.width, raw.height) = self.size;
        let first = held.data.align_offset(ALIGNMENT);
        for (place, offset) in raw.data.iter_mut().zip(self.offsets) {
            if let Some(offset) = offset {
                // SAFETY: `first` is below ALIGNMENT, by which the buffer is larger than the sum of all planes.
                *place = unsafe { held.data.add(first + offset) };
            }
        }
        raw.linesize[..4].copy_from_slice(&self.strides);
        raw.extended_data = raw.data.as_mut_ptr();
        Ok(video)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: the only owner; pictures that are still used keep what they need.
        unsafe { ffi::av_buffer_pool_uninit(&raw mut self.pool) };
    }
}
