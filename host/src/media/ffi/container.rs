//! What a container says of itself and of its streams, read as plain numbers: files may hold values that Rust enums cannot.

use std::slice;

use ffmpeg_next::codec::Parameters;
use ffmpeg_next::ffi;
use ffmpeg_next::format::context::{Input, Output};

use super::audio::describe;
use super::text::owned;
use super::video::number;

/// Facts of the whole file. Times are in microseconds.
#[derive(Debug, Clone, Copy)]
pub(in crate::media) struct Container {
    /// Earliest time of any stream.
    pub(in crate::media) start: Option<i64>,
    /// Length.
    pub(in crate::media) duration: Option<i64>,
    /// Whether the length is a statement of the file, not an estimate.
    pub(in crate::media) duration_is_stated: bool,
    /// Whether timestamps may jump in this kind of container.
    pub(in crate::media) discontinuous: bool,
}

/// Data that goes with a stream, such as its display matrix.
#[derive(Clone)]
pub(in crate::media) struct SideData {
    /// FFmpeg's number of the kind.
    pub(in crate::media) kind: ffi::AVPacketSideDataType,
    /// The bytes.
    pub(in crate::media) data: Vec<u8>,
}

/// A chapter as the file states it.
#[derive(Debug, Clone)]
pub(in crate::media) struct RawChapter {
    /// Unit of the times, in seconds.
    pub(in crate::media) base: (i32, i32),
    pub(in crate::media) start: i64,
    pub(in crate::media) end: i64,
    pub(in crate::media) title: String,
}

/// Facts of one stream. Unknown numbers are 0 or what FFmpeg has for "unknown".
#[derive(Clone)]
pub(in crate::media) struct RawStream {
    pub(in crate::media) codec_name: String,
    pub(in crate::media) codec_long_name: String,
    pub(in crate::media) format: i32,
    pub(in crate::media) bit_rate: i64,
    pub(in crate::media) raw_bits: i32,
    pub(in crate::media) width: i32,
    pub(in crate::media) height: i32,
    pub(in crate::media) codec_aspect: (i32, i32),
    pub(in crate::media) stream_aspect: (i32, i32),
    pub(in crate::media) field_order: i32,
    pub(in crate::media) range: i32,
    pub(in crate::media) primaries: i32,
    pub(in crate::media) transfer: i32,
    pub(in crate::media) matrix: i32,
    pub(in crate::media) chroma_location: i32,
    pub(in crate::media) reorder: i32,
    pub(in crate::media) sample_rate: i32,
    pub(in crate::media) channels: i32,
    pub(in crate::media) layout: String,
    pub(in crate::media) display_matrix: Option<[i32; 9]>,
    pub(in crate::media) side_data: Vec<SideData>,
    pub(in crate::media) disposition: i32,
    /// The name of the codec's profile.
    pub(in crate::media) profile: Option<String>,
    /// The codec's number for the level; 0 and below where it is unknown.
    pub(in crate::media) level: i32,
    /// Frames, where the container counts them.
    pub(in crate::media) frames: Option<u64>,
    /// The container's number for the codec.
    pub(in crate::media) codec_tag: u32,
    /// The four letters of the codec in the container; empty where they are none.
    pub(in crate::media) tag: String,
    /// The picture of a stream that is nothing but one.
    pub(in crate::media) picture: Vec<u8>,
    pub(in crate::media) metadata: Vec<(String, String)>,
}

fn raw(input: &Input) -> &ffi::AVFormatContext {
    // SAFETY: the pointer is only used in the next step, while the input is borrowed.
    let context = unsafe { input.as_ptr() };
    // SAFETY: an opened input owns a valid context.
    unsafe { &*context }
}

fn stream_pointer(streams: *mut *mut ffi::AVStream, count: u32, index: usize) -> Option<*mut ffi::AVStream> {
    if index >= count as usize || streams.is_null() {
        return None;
    }
    // SAFETY: FFmpeg keeps `count` pointers there, and the index is below that.
    let place = unsafe { streams.add(index) };
    // SAFETY: as above; the pointers are initialised.
    Some(unsafe { place.read() }).filter(|stream| !stream.is_null())
}

/// Facts of the file.
pub(in crate::media) fn container(input: &Input) -> Container {
    let context = raw(input);
    let known = |time: i64| (time != ffi::AV_NOPTS_VALUE).then_some(time);
    let stated = ffi::AVDurationEstimationMethod::AVFMT_DURATION_FROM_STREAM;
    // SAFETY: an opened input has a format, a static object.
    let flags = unsafe { context.iformat.as_ref() }.map_or(0, |format| format.flags);
    Container {
        start: known(context.start_time),
        duration: known(context.duration).filter(|duration| *duration > 0),
        duration_is_stated: context.duration_estimation_method == stated,
        discontinuous: flags & ffi::AVFMT_TS_DISCONT != 0,
    }
}

/// All entries of a dictionary. Unlike the iterator of the bindings it does not trust files to hold UTF-8.
pub(super) fn entries(dictionary: *const ffi::AVDictionary) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut last = std::ptr::null_mut();
    loop {
        // SAFETY: a null or valid dictionary, and null or the entry that the last call returned.
        last = unsafe { ffi::av_dict_get(dictionary, c"".as_ptr(), last, ffi::AV_DICT_IGNORE_SUFFIX) };
        // SAFETY: null or an entry that lives as long as the dictionary is not changed.
        let Some(entry) = (unsafe { last.as_ref() }) else {
            return all;
        };
        // SAFETY: entries hold strings.
        let key = unsafe { owned(entry.key) };
        // SAFETY: as above.
        let value = unsafe { owned(entry.value) };
        all.push((key, value));
    }
}

/// How many programs the file has.
pub(in crate::media) fn programs(input: &Input) -> u64 {
    u64::from(raw(input).nb_programs)
}

/// Metadata of the file.
pub(in crate::media) fn metadata(input: &Input) -> Vec<(String, String)> {
    entries(raw(input).metadata)
}

/// The chapters of the file.
pub(in crate::media) fn chapters(input: &Input) -> Vec<RawChapter> {
    let context = raw(input);
    let count = usize::try_from(context.nb_chapters).unwrap_or(0);
    if context.chapters.is_null() || count == 0 {
        return Vec::new();
    }
    // SAFETY: FFmpeg keeps `count` pointers there as long as the input lives, which is borrowed.
    let all = unsafe { slice::from_raw_parts(context.chapters, count) };
    let read = |chapter: &*mut ffi::AVChapter| {
        // SAFETY: null or a chapter of that input.
        let chapter = unsafe { chapter.as_ref() }?;
        let title = entries(chapter.metadata).into_iter().find(|(key, _)| key.eq_ignore_ascii_case("title"));
        Some(RawChapter {
            base: (chapter.time_base.num, chapter.time_base.den),
            start: chapter.start,
            end: chapter.end,
            title: title.map(|(_, title)| title).unwrap_or_default(),
        })
    };
    all.iter().filter_map(read).collect()
}

/// Facts of one stream; `None` where there is no such stream.
pub(in crate::media) fn stream(input: &Input, index: usize) -> Option<RawStream> {
    let context = raw(input);
    let stream = stream_pointer(context.streams, context.nb_streams, index)?;
    // SAFETY: a stream of an opened input, which is borrowed.
    let stream = unsafe { &*stream };
    // SAFETY: every stream has parameters.
    let codec = unsafe { stream.codecpar.as_ref() }?;
    // SAFETY: takes a value, returns null or a static object.
    let descriptor = unsafe { ffi::avcodec_descriptor_get(codec.codec_id) };
    // SAFETY: null or a static object.
    let descriptor = unsafe { descriptor.as_ref() };
    let text = |pointer| {
        // SAFETY: null or a static string of the descriptor.
        unsafe { owned(pointer) }
    };
    let side_data = side_data(stream);
    // SAFETY: takes values, returns null or a static string.
    let profile = text(unsafe { ffi::avcodec_profile_name(codec.codec_id, codec.profile) });
    Some(RawStream {
        codec_name: descriptor.map_or_else(|| "unknown".to_owned(), |codec| text(codec.name)),
        codec_long_name: descriptor.map_or_else(|| "unknown".to_owned(), |codec| text(codec.long_name)),
        format: codec.format,
        bit_rate: codec.bit_rate,
        raw_bits: codec.bits_per_raw_sample,
        width: codec.width,
        height: codec.height,
        codec_aspect: (codec.sample_aspect_ratio.num, codec.sample_aspect_ratio.den),
        stream_aspect: (stream.sample_aspect_ratio.num, stream.sample_aspect_ratio.den),
        field_order: number(&codec.field_order),
        range: number(&codec.color_range),
        primaries: number(&codec.color_primaries),
        transfer: number(&codec.color_trc),
        matrix: number(&codec.color_space),
        chroma_location: number(&codec.chroma_location),
        reorder: codec.video_delay,
        sample_rate: codec.sample_rate,
        channels: codec.ch_layout.nb_channels,
        layout: describe(&codec.ch_layout),
        display_matrix: side_data.iter().find_map(display_matrix),
        side_data,
        disposition: stream.disposition,
        profile: Some(profile).filter(|profile| !profile.is_empty()),
        level: codec.level,
        frames: u64::try_from(stream.nb_frames).ok().filter(|frames| *frames > 0),
        codec_tag: codec.codec_tag,
        tag: tag(codec.codec_tag),
        picture: picture(stream),
        metadata: entries(stream.metadata),
    })
}

fn side_data(stream: &ffi::AVStream) -> Vec<SideData> {
    let count = usize::try_from(stream.nb_side_data).unwrap_or(0);
    if stream.side_data.is_null() || count == 0 {
        return Vec::new();
    }
    // SAFETY: FFmpeg keeps `count` entries there as long as the stream lives, which is borrowed.
    let all = unsafe { slice::from_raw_parts(stream.side_data, count) };
    all.iter()
        .filter(|entry| !entry.data.is_null())
        .map(|entry| {
            // SAFETY: an entry's pointer and size describe one buffer.
            let data = unsafe { slice::from_raw_parts(entry.data, entry.size) };
            SideData { kind: entry.type_, data: data.to_vec() }
        })
        .collect()
}

fn tag(code: u32) -> String {
    let letters = code.to_le_bytes();
    let plain = letters.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if plain { String::from_utf8_lossy(&letters).into_owned() } else { String::new() }
}

fn picture(stream: &ffi::AVStream) -> Vec<u8> {
    let packet = &stream.attached_pic;
    match usize::try_from(packet.size) {
        Ok(size) if !packet.data.is_null() && stream.disposition & ffi::AV_DISPOSITION_ATTACHED_PIC != 0 => {
            // SAFETY: a packet's pointer and size describe one buffer, which lives as long as the stream, which is borrowed.
            unsafe { slice::from_raw_parts(packet.data, size) }.to_vec()
        }
        _ => Vec::new(),
    }
}

fn display_matrix(entry: &SideData) -> Option<[i32; 9]> {
    if entry.kind != ffi::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX || entry.data.len() < 36 {
        return None;
    }
    let mut matrix = [0; 9];
    for (place, bytes) in matrix.iter_mut().zip(entry.data.as_chunks::<4>().0) {
        *place = i32::from_ne_bytes(*bytes);
    }
    Some(matrix)
}

/// Lets the demuxer skip the packets of a stream, or read them.
pub(in crate::media) fn set_discard(input: &mut Input, index: usize, discard: bool) {
    let context = raw(input);
    let Some(stream) = stream_pointer(context.streams, context.nb_streams, index) else {
        return;
    };
    // SAFETY: a stream of an opened input, which is borrowed mutably.
    let stream = unsafe { &mut *stream };
    stream.discard = if discard { ffi::AVDiscard::AVDISCARD_ALL } else { ffi::AVDiscard::AVDISCARD_DEFAULT };
}

/// Replaces the four-letter code that another container had for the codec; 0 lets the muxer choose its own.
pub(in crate::media) fn set_codec_tag(parameters: &mut Parameters, tag: u32) {
    // SAFETY: the pointer is only used in the next step, while the parameters are borrowed.
    let parameters = unsafe { parameters.as_mut_ptr() };
    // SAFETY: null or allocated parameters that are borrowed mutably.
    if let Some(parameters) = unsafe { parameters.as_mut() } {
        parameters.codec_tag = tag;
    }
}

/// Sets what the safe bindings cannot set on a stream that is written: sample aspect, disposition and side data. False: no memory.
pub(in crate::media) fn set_stream(
    output: &mut Output,
    index: usize,
    aspect: (i32, i32),
    disposition: i32,
    side_data: &[SideData],
) -> bool {
    // SAFETY: the pointer is only used in the next step, while the output is borrowed.
    let context = unsafe { output.as_mut_ptr() };
    // SAFETY: an allocated output context that is borrowed mutably.
    let context = unsafe { &mut *context };
    let Some(stream) = stream_pointer(context.streams, context.nb_streams, index) else {
        return false;
    };
    // SAFETY: a stream of that context.
    let stream = unsafe { &mut *stream };
    stream.sample_aspect_ratio = ffi::AVRational { num: aspect.0, den: aspect.1 };
    stream.disposition = disposition;
    side_data.iter().all(|entry| {
        // SAFETY: a valid stream; the call allocates `len` bytes that belong to the stream, or returns null.
        let place = unsafe { ffi::av_stream_new_side_data(stream, entry.kind, entry.data.len()) };
        if place.is_null() {
            return false;
        }
        // SAFETY: both are `len` bytes long, and the new buffer overlaps nothing.
        unsafe { std::ptr::copy_nonoverlapping(entry.data.as_ptr(), place, entry.data.len()) };
        true
    })
}

/// The disposition of a stream that is a picture and nothing else.
pub(in crate::media) const ATTACHED: i32 = ffi::AV_DISPOSITION_ATTACHED_PIC;

/// Describes an attached picture: a stream of one picture, or a file that is attached, with its bytes. False without memory.
pub(in crate::media) fn set_picture(
    parameters: &mut Parameters,
    codec: ffi::AVCodecID,
    size: (i32, i32),
    file: Option<&[u8]>,
) -> bool {
    // SAFETY: the pointer is only used in the next step, while the parameters are borrowed.
    let parameters = unsafe { parameters.as_mut_ptr() };
    // SAFETY: null or allocated parameters that are borrowed mutably.
    let Some(parameters) = (unsafe { parameters.as_mut() }) else {
        return false;
    };
    parameters.codec_id = codec;
    (parameters.width, parameters.height) = size;
    parameters.codec_type = ffi::AVMediaType::AVMEDIA_TYPE_VIDEO;
    let Some(file) = file else { return true };
    let Ok(length) = i32::try_from(file.len()) else { return false };
    // SAFETY: allocates, or returns null. Readers may look some zeros beyond the end.
    let bytes = unsafe { ffi::av_mallocz(file.len().saturating_add(ffi::AV_INPUT_BUFFER_PADDING_SIZE as usize)) };
    if bytes.is_null() || !parameters.extradata.is_null() {
        // SAFETY: null, or allocated above and nobody else's.
        unsafe { ffi::av_free(bytes) };
        return false;
    }
    // SAFETY: both are at least as long as `file`, and the new buffer overlaps nothing.
    unsafe { std::ptr::copy_nonoverlapping(file.as_ptr(), bytes.cast::<u8>(), file.len()) };
    // From here on they are the parameters', which free them with themselves.
    parameters.extradata = bytes.cast::<u8>();
    parameters.extradata_size = length;
    parameters.codec_type = ffi::AVMediaType::AVMEDIA_TYPE_ATTACHMENT;
    true
}
