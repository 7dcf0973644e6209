//! The chain of filters, in FFmpeg's syntax, from a decoded picture to the output's.

use std::fmt::Write as _;

use ffmpeg_next::format::Pixel;

use crate::media::frame::to_pixel;
use crate::media::{Frame, ffi};
use crate::task::resolved::Geometry;
use crate::task::{Colour, Picture, Rational, Rotation};

/// H.273 MatrixCoefficients of RGB, and of what is not known.
const IDENTITY: i32 = 0;
const UNSPECIFIED: i32 = 2;

/// What a filter graph depends on: it is built again when this changes within a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Input {
    format: Pixel,
    width: u32,
    height: u32,
    full_range: bool,
    matrix: i32,
    primaries: i32,
    transfer: i32,
}

impl Input {
    pub(super) fn of(frame: &Frame) -> Self {
        let properties = ffi::properties(frame.video());
        Self {
            format: frame.video().format(),
            width: frame.width(),
            height: frame.height(),
            full_range: properties.range == 2,
            matrix: properties.matrix,
            primaries: properties.primaries,
            transfer: properties.transfer,
        }
    }

    /// How the graph's source is told of it.
    pub(super) fn arguments(self, time_base: Rational) -> String {
        let (width, height) = (self.width, self.height);
        format!("video_size={width}x{height}:pix_fmt={}:time_base={time_base}:pixel_aspect=1/1", self.format_name())
    }

    fn format_name(self) -> &'static str {
        self.format.descriptor().map_or("", |format| format.name())
    }

    fn is_rgb(self) -> bool {
        let name = self.format_name();
        name.contains("rgb") || name.contains("bgr") || name.starts_with("gbr") || name == "pal8"
    }
}

/// What turns a stored picture upright.
pub(in crate::media) fn upright(mirror: bool, rotation: Rotation) -> impl Iterator<Item = &'static str> {
    let turn = match rotation {
        Rotation::None => None,
        Rotation::Quarter => Some("transpose=clock"),
        Rotation::Half => Some("hflip,vflip"),
        Rotation::ThreeQuarters => Some("transpose=cclock"),
    };
    mirror.then_some("hflip").into_iter().chain(turn)
}

/// The chain; empty where the frames are already right. `source_rate` is that of the frames that come in, where it is constant.
pub(super) fn filters(geometry: &Geometry, picture: &Picture, source_rate: Option<Rational>, input: Input) -> String {
    let mut filters: Vec<String> = Vec::new();
    if geometry.deinterlace {
        // One picture for two fields keeps the rate; pictures that say they are progressive pass.
        filters.push("bwdif=mode=send_frame:parity=auto:deint=interlaced".to_owned());
    }
    let at_source_size = filters.len();
    filters.extend(upright(geometry.mirror, geometry.rotation).map(str::to_owned));
    let turned =
        if geometry.rotation.swaps_sides() { (input.height, input.width) } else { (input.width, input.height) };
    match curve(input.transfer).filter(|_| geometry.tone_map && !input.is_rgb()) {
        Some(curve) => filters.push(tone_map(geometry, picture, input, turned, curve)),
        None => filters.extend(scale(geometry, picture, input, turned)),
    }
    if let Some(crop) = geometry.crop
        && (crop.x, crop.y, crop.width, crop.height) != (0, 0, geometry.scale.width, geometry.scale.height)
    {
        filters.push(format!("crop=w={}:h={}:x={}:y={}:exact=1", crop.width, crop.height, crop.x, crop.y));
    }
    if let Some(pad) = geometry.pad {
        filters.push(format!("pad=w={}:h={}:x={}:y={}:color=black", pad.width, pad.height, pad.x, pad.y));
    }
    if let Some(rate) = geometry.frame_rate {
        // Dropping frames before they are scaled saves the scaling; repeating them after it does.
        let drops = source_rate.is_some_and(|source| source.as_f64() > rate.as_f64());
        let place = if drops { at_source_size } else { filters.len() };
        filters.insert(place, format!("fps=fps={rate}"));
    }
    filters.join(",")
}

/// The colour of the output. Planar YUV cannot have the matrix of RGB: then it is not stated.
pub(super) fn output_colour(picture: &Picture) -> Colour {
    let mut colour = picture.colour;
    if i32::from(colour.matrix) == IDENTITY {
        colour.matrix = 2;
    }
    colour
}

fn scale(geometry: &Geometry, picture: &Picture, input: Input, turned: (u32, u32)) -> Option<String> {
    let (size, colour, format) = (geometry.scale, output_colour(picture), picture.pixel_format);
    let matrix = i32::from(colour.matrix);
    let rgb = input.is_rgb();
    let converts_matrix = rgb || (input.matrix != matrix && input.matrix != UNSPECIFIED && matrix != UNSPECIFIED);
    let same = turned == (size.width, size.height)
        && input.format == to_pixel(format)
        && input.full_range == colour.full_range
        && !converts_matrix;
    if same {
        return None;
    }
    let mut text = format!("scale=w={}:h={}:flags=bicubic", size.width, size.height);
    // RGB has no range of its own: always full.
    let _ = write!(text, ":in_range={}:out_range={}", range(rgb || input.full_range), range(colour.full_range));
    if converts_matrix {
        if let Some(name) = matrix_name(input.matrix).filter(|_| !rgb) {
            let _ = write!(text, ":in_color_matrix={name}");
        }
        let _ = write!(text, ":out_color_matrix={}", matrix_name(matrix).unwrap_or("bt601"));
    }
    let _ = write!(text, ",format=pix_fmts={format}");
    Some(text)
}

/// High dynamic range to BT.709: to linear light, where it is scaled too, to the smaller gamut, and by the curve of Hable into
/// what a standard display shows. 100 cd/m2 are white, as BT.2035 has it.
fn tone_map(geometry: &Geometry, picture: &Picture, input: Input, turned: (u32, u32), curve: &str) -> String {
    let size = geometry.scale;
    let mut text = String::new();
    if turned.0 % 2 + turned.1 % 2 > 0 {
        // zimg takes no picture whose chroma has half a column or line.
        text.push_str("format=pix_fmts=yuv444p10le,");
    }
    let _ = write!(text, "zscale=w={}:h={}:filter=bicubic", size.width, size.height);
    let matrix = if input.matrix == 10 { "2020_cl" } else { "2020_ncl" };
    let matrix = if input.matrix == 1 { "709" } else { matrix };
    let primaries = match input.primaries {
        1 => "709",
        12 => "smpte432",
        _ => "2020",
    };
    let _ = write!(text, ":rin={}:min={matrix}:pin={primaries}:tin={curve}:t=linear:npl=100", range(input.full_range));
    text.push_str(",format=pix_fmts=gbrpf32le,zscale=p=709,tonemap=tonemap=hable:desat=0");
    let full = range(picture.colour.full_range);
    let _ = write!(text, ",zscale=p=709:t=709:m=709:r={full},format=pix_fmts={}", picture.pixel_format);
    text
}

/// zimg's name of the transfer functions of high dynamic range.
fn curve(transfer: i32) -> Option<&'static str> {
    match transfer {
        16 => Some("smpte2084"),
        18 => Some("arib-std-b67"),
        _ => None,
    }
}

fn range(full: bool) -> &'static str {
    if full { "full" } else { "limited" }
}

/// The scaler's name of H.273 MatrixCoefficients.
pub(in crate::media) fn matrix_name(matrix: i32) -> Option<&'static str> {
    match matrix {
        1 => Some("bt709"),
        4 => Some("fcc"),
        5 | 6 => Some("bt601"),
        7 => Some("smpte240m"),
        9 | 10 => Some("bt2020"),
        _ => None,
    }
}
