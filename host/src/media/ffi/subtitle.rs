//! Decoding and encoding subtitles, which libavcodec does by functions of their own.

use std::ffi::CString;
use std::slice;

use ffmpeg_next::Error;
use ffmpeg_next::codec::Context;
use ffmpeg_next::ffi;
use ffmpeg_next::packet::{Packet, Ref};

use super::text::owned;

/// What one packet of subtitles shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::media) struct Cue {
    /// Events of SubStation Alpha: numbers, style, margins, and the text last.
    pub(in crate::media) events: Vec<String>,
    /// How long it is shown, in milliseconds, as the decoder says; 0 where it does not.
    pub(in crate::media) shown_ms: u32,
}

const EMPTY: ffi::AVSubtitle = ffi::AVSubtitle {
    format: 0,
    start_display_time: 0,
    end_display_time: 0,
    num_rects: 0,
    rects: std::ptr::null_mut(),
    pts: ffi::AV_NOPTS_VALUE,
};

/// Decodes a packet with an opened decoder of text subtitles. `None` where it shows nothing.
pub(in crate::media) fn decode(context: &mut Context, packet: &Packet) -> Result<Option<Cue>, Error> {
    let mut subtitle = EMPTY;
    let mut got = 0;
    // SAFETY: the pointer is only used in the next step, while the context is borrowed.
    let context = unsafe { context.as_mut_ptr() };
    // SAFETY: an opened decoder of subtitles, a subtitle that holds nothing yet, a packet that is only read.
    let result =
        unsafe { ffi::avcodec_decode_subtitle2(context, &raw mut subtitle, &raw mut got, packet.as_ptr().cast_mut()) };
    let mut cue = Cue { events: Vec::new(), shown_ms: 0 };
    let count = usize::try_from(subtitle.num_rects).unwrap_or(0);
    if result >= 0 && got != 0 && !subtitle.rects.is_null() && count > 0 {
        // SAFETY: the decoder keeps `count` pointers there until the subtitle is freed.
        let rects = unsafe { slice::from_raw_parts(subtitle.rects, count) };
        for rect in rects {
            // SAFETY: null or a rectangle of that subtitle.
            let Some(rect) = (unsafe { rect.as_ref() }) else { continue };
            if rect.type_ == ffi::AVSubtitleType::SUBTITLE_ASS {
                // SAFETY: null or a string of that rectangle.
                cue.events.push(unsafe { owned(rect.ass) });
            }
        }
        cue.shown_ms = subtitle.end_display_time.saturating_sub(subtitle.start_display_time);
    }
    // SAFETY: frees what the decoder allocated, and nothing where it did not.
    unsafe { ffi::avsubtitle_free(&raw mut subtitle) };
    if result < 0 { Err(Error::from(result)) } else { Ok(Some(cue).filter(|cue| !cue.events.is_empty())) }
}

/// Encodes a cue with an opened encoder of text subtitles; the bytes are empty where it shows nothing.
pub(in crate::media) fn encode(context: &mut Context, cue: &Cue) -> Result<Vec<u8>, Error> {
    let out_of_range = Error::Other { errno: ffmpeg_next::error::EINVAL };
    let texts = cue.events.iter().map(|event| CString::new(event.replace('\0', "")));
    let texts: Vec<CString> = texts.collect::<Result<_, _>>().map_err(|_| out_of_range)?;
    let mut rects: Vec<ffi::AVSubtitleRect> = texts
        .iter()
        .map(|text| ffi::AVSubtitleRect {
            x: 0,
            y: 0,
            w: 0,
            h: 0,
            nb_colors: 0,
            data: [std::ptr::null_mut(); 4],
            linesize: [0; 4],
            type_: ffi::AVSubtitleType::SUBTITLE_ASS,
            text: std::ptr::null_mut(),
            ass: text.as_ptr().cast_mut(),
            flags: 0,
        })
        .collect();
    let mut pointers: Vec<*mut ffi::AVSubtitleRect> = rects.iter_mut().map(|rect| &raw mut *rect).collect();
    let subtitle = ffi::AVSubtitle {
        format: 1,
        end_display_time: cue.shown_ms,
        num_rects: u32::try_from(pointers.len()).map_err(|_| out_of_range)?,
        rects: pointers.as_mut_ptr(),
        pts: 0,
        ..EMPTY
    };
    // Tags and entities make a text longer, but not by more than this.
    let length = cue.events.iter().map(String::len).fold(0, usize::saturating_add);
    let mut bytes = vec![0; length.saturating_mul(8).saturating_add(1 << 16)];
    let room = i32::try_from(bytes.len()).map_err(|_| out_of_range)?;
    // SAFETY: the pointer is only used in the next step, while the context is borrowed.
    let context = unsafe { context.as_mut_ptr() };
    // SAFETY: an opened encoder of subtitles; `bytes` is as long as stated; the rectangles and their texts live until the call
    // returns, and the encoder only reads them.
    let result = unsafe { ffi::avcodec_encode_subtitle(context, bytes.as_mut_ptr(), room, &raw const subtitle) };
    match usize::try_from(result) {
        Ok(length) => {
            bytes.truncate(length);
            Ok(bytes)
        }
        Err(_) => Err(Error::from(result)),
    }
}

/// Gives an encoder, before it is opened, a copy of the styles that a decoder found.
pub(in crate::media) fn share_header(decoder: &Context, encoder: &mut Context) -> Result<(), Error> {
    // SAFETY: the pointer is only used in the next step, while the context is borrowed.
    let decoder = unsafe { decoder.as_ptr() };
    // SAFETY: an allocated context that is borrowed.
    let decoder = unsafe { &*decoder };
    // SAFETY: the pointer is only used in the next step, while the context is borrowed.
    let encoder = unsafe { encoder.as_mut_ptr() };
    // SAFETY: an allocated context that is borrowed mutably.
    let encoder = unsafe { &mut *encoder };
    let size = usize::try_from(decoder.subtitle_header_size).unwrap_or(0);
    if decoder.subtitle_header.is_null() || !encoder.subtitle_header.is_null() {
        return Err(Error::InvalidData);
    }
    // SAFETY: allocates, or returns null. One byte more, which stays zero: encoders read it as a string.
    let copy = unsafe { ffi::av_mallocz(size.saturating_add(1)) }.cast::<u8>();
    if copy.is_null() {
        return Err(super::no_memory());
    }
    // SAFETY: both are at least `size` bytes long, and the new buffer overlaps nothing.
    unsafe { std::ptr::copy_nonoverlapping(decoder.subtitle_header, copy, size) };
    // From here on it is the encoder's, which frees it with itself.
    encoder.subtitle_header = copy;
    encoder.subtitle_header_size = decoder.subtitle_header_size;
    Ok(())
}
