//! The sample format nearest to the source's (`PixelFormat`: "the default value is the same as the source video").

use wasmux_sdk::parameters::{PixelFormat, VideoCodec, VideoStreamFacts};

/// The nearest of the formats without alpha, which most codecs cannot carry. Chroma is never thrown away where a format keeps it;
/// of the depths, 8 bit keeps all of up to 8 and 10 bit most of more.
pub(crate) fn nearest(source: &VideoStreamFacts) -> PixelFormat {
    let name = source.pixel_format.to_ascii_lowercase();
    let deep = source.bit_depth > 8;
    match (subsampling(&name), deep) {
        (Subsampling::Both, false) => PixelFormat::Yuv420p,
        (Subsampling::Both, true) => PixelFormat::Yuv420p10le,
        (Subsampling::Horizontal, false) => PixelFormat::Yuv422p,
        (Subsampling::Horizontal, true) => PixelFormat::Yuv422p10le,
        (Subsampling::None, false) => PixelFormat::Yuv444p,
        (Subsampling::None, true) => PixelFormat::Yuv444p10le,
    }
}

/// Whether the encoder of a codec takes a format.
pub(crate) fn takes(codec: VideoCodec, format: PixelFormat) -> bool {
    match codec {
        // `PixelFormat`: yuva420p needs Codec vp9.
        VideoCodec::Vp9 => true,
        VideoCodec::Vp8 => format == PixelFormat::Yuv420p,
        VideoCodec::Av1 => matches!(format, PixelFormat::Yuv420p | PixelFormat::Yuv420p10le),
        _ => !format.has_alpha(),
    }
}

/// The format itself, or the one with 4:2:0 that the codec takes and that keeps as much of the depth as it can.
pub(crate) fn taken(codec: VideoCodec, format: PixelFormat) -> PixelFormat {
    let coarse = if format.is_deep() { PixelFormat::Yuv420p10le } else { PixelFormat::Yuv420p };
    [format, coarse].into_iter().find(|format| takes(codec, *format)).unwrap_or(PixelFormat::Yuv420p)
}

/// Whether alpha, which vp9 keeps beside the picture, has a place in a container.
pub(crate) fn holds_alpha(container: &str) -> bool {
    matches!(container, "webm" | "mkv")
}

/// Whether the source's format has an alpha plane that would be lost.
pub(crate) fn has_alpha(source: &VideoStreamFacts) -> bool {
    let name = source.pixel_format.to_ascii_lowercase();
    ["yuva", "rgba", "argb", "bgra", "abgr", "gbrap", "ya8", "ya16", "ayuv", "vuya", "pal8"]
        .iter()
        .any(|family| name.starts_with(family))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subsampling {
    /// 4:2:0 and coarser, and grey.
    Both,
    /// 4:2:2.
    Horizontal,
    /// 4:4:4, 4:4:0 and RGB.
    None,
}

/// By FFmpeg's names, which are families with a suffix for depth and byte order. A name that nobody knows counts as 4:2:0,
/// which every player shows.
fn subsampling(name: &str) -> Subsampling {
    const HORIZONTAL: [&str; 8] = ["nv16", "nv20", "yuyv", "uyvy", "yvyu", "y21", "p21", "v210"];
    const NONE: [&str; 22] = [
        "nv24", "nv42", "p41", "rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8", "xyz",
        "ayuv", "vuy", "xv30", "xv36", "xv48", "v30x", "v410", "bayer",
    ];
    let is_of = |families: &[&str]| families.iter().any(|family| name.starts_with(family));
    if name.contains("444") || name.contains("440") || is_of(&NONE) {
        Subsampling::None
    } else if name.contains("422") || is_of(&HORIZONTAL) {
        Subsampling::Horizontal
    } else {
        Subsampling::Both
    }
}
