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

/// How pictures become the output's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They are already right.
    Pass,
    /// Scaling is all.
    Scale(ffi::Scaling),
    /// By this chain of filters.
    Filters(String),
}

/// The shortest way. `source_rate` is that of the frames that come in, where it is constant.
pub(super) fn way(geometry: &Geometry, picture: &Picture, source_rate: Option<Rational>, input: Input) -> Way {
    let scaling = scaling(geometry, picture, input, (input.width, input.height));
    let filters = filters(geometry, picture, source_rate, input);
    match scaling {
        _ if filters.is_empty() => Way::Pass,
        Some(scaling) if filters == scale(&scaling, picture) => Way::Scale(scaling),
        _ => Way::Filters(filters),
    }
}

/// The chain; empty where the frames are already right.
fn filters(geometry: &Geometry, picture: &Picture, source_rate: Option<Rational>, input: Input) -> String {
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
        None => filters.extend(scaling(geometry, picture, input, turned).map(|scaling| scale(&scaling, picture))),
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

/// What the scaler has to do with a picture of this size; `None` where nothing.
fn scaling(geometry: &Geometry, picture: &Picture, input: Input, (width, height): (u32, u32)) -> Option<ffi::Scaling> {
    let (size, colour, format) = (geometry.scale, output_colour(picture), to_pixel(picture.pixel_format));
    let (rgb, wanted) = (input.is_rgb(), i32::from(colour.matrix));
    let converts_matrix = rgb || (input.matrix != wanted && input.matrix != UNSPECIFIED && wanted != UNSPECIFIED);
    let matrix = if rgb { IDENTITY } else { input.matrix };
    // RGB has no range of its own: always full.
    let from = ffi::Side { format: input.format, width, height, full_range: rgb || input.full_range, matrix };
    let to = ffi::Side {
        format,
        width: size.width,
        height: size.height,
        full_range: colour.full_range,
        matrix: if converts_matrix { wanted } else { matrix },
    };
    let same = (width, height) == (size.width, size.height)
        && input.format == format
        && input.full_range == colour.full_range
        && !converts_matrix;
    (!same).then_some(ffi::Scaling { from, to })
}

fn scale(scaling: &ffi::Scaling, picture: &Picture) -> String {
    let ffi::Scaling { from, to } = scaling;
    let mut text = format!("scale=w={}:h={}:flags=bicubic", to.width, to.height);
    let _ = write!(text, ":in_range={}:out_range={}", range(from.full_range), range(to.full_range));
    if from.matrix != to.matrix {
        if let Some(name) = matrix_name(from.matrix) {
            let _ = write!(text, ":in_color_matrix={name}");
        }
        let _ = write!(text, ":out_color_matrix={}", matrix_name(to.matrix).unwrap_or("bt601"));
    }
    if !scaling.goes_in_slices() {
        text.push_str(":threads=1");
    }
    let _ = write!(text, ",format=pix_fmts={}", picture.pixel_format);
    text
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

#[cfg(test)]
mod tests {
    use ffmpeg_next::frame::Video;

    use super::*;
    use crate::media::graph::Chain;
    use crate::media::testing::{picture, raw, resolved};
    use crate::task::{PixelFormat, Rect};

    const BT601: Colour = Colour { primaries: 6, transfer: 6, matrix: 6, full_range: false, chroma_location: None };

    /// A picture without two equal rows.
    fn noise(picture: &Picture, seed: u32) -> Frame {
        let mut frame = Frame::blank(picture, 0, 0, 0).unwrap();
        let mut state = seed;
        let bytes = picture.pixel_format.sample_bytes();
        for plane in 0..picture.pixel_format.planes() {
            let (width, height) = frame.plane_size(plane).unwrap();
            let mut row = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // No sample of ten bits has more.
                if bytes == 2 { (state >> 24 & 3) as u8 } else { (state >> 24) as u8 }
            };
            let data: Vec<u8> = (0..width as usize * height as usize * bytes).map(&mut row).collect();
            frame.write_rect(plane, Rect { x: 0, y: 0, width, height }, &data).unwrap();
        }
        frame
    }

    #[test]
    fn the_scaler_makes_what_the_filter_makes() {
        let full = |colour: Colour| Colour { full_range: true, ..colour };
        let colours = [
            (Colour::UNSPECIFIED, Colour::UNSPECIFIED),
            (BT601, BT601),
            (Colour::BT709, BT601),
            (full(Colour::BT709), Colour::BT709),
            (BT601, full(BT601)),
        ];
        let sizes = [((64, 36), (96, 54)), ((65, 37), (48, 20)), ((64, 36), (64, 36))];
        let mut compared = 0;
        for from in PixelFormat::ALL {
            for to in PixelFormat::ALL {
                for (before, after) in colours {
                    for ((width, height), size) in sizes {
                        let mut source = noise(&Picture { colour: before, ..picture(width, height, from) }, 7);
                        source.set_look(&before, (1, 1));
                        let wanted = Picture { colour: after, ..picture(size.0, size.1, to) };
                        let geometry = Geometry::from(&resolved(size.0, size.1, to));
                        let input = Input::of(&source);
                        let Way::Scale(scaling) = way(&geometry, &wanted, None, input) else { continue };
                        let scale_in =
                            |threads| ffi::Scaler::new(&scaling, threads).unwrap().scale(source.video()).unwrap();
                        let scaled = [1, 2, 5].map(scale_in).map(|video| raw(&Frame::new(video, 0, 0, 0)));
                        let arguments = input.arguments(Rational::ONE);
                        let mut chain = Chain::build("", &arguments, &scale(&scaling, &wanted)).unwrap();
                        source.video_mut().set_pts(Some(0));
                        chain.push(source.video_mut()).unwrap();
                        let mut filtered = Video::empty();
                        assert!(chain.pull(&mut filtered).unwrap());
                        let filtered = raw(&Frame::new(filtered, 0, 0, 0));
                        assert!(scaled.iter().all(|scaled| *scaled == filtered), "{scaling:?}");
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 500, "{compared}");
    }

    #[test]
    fn filters_are_for_what_the_scaler_cannot_do() {
        let (format, wanted) = (PixelFormat::Yuv420p, picture(32, 32, PixelFormat::Yuv420p));
        let input = Input::of(&Frame::blank(&picture(64, 48, format), 0, 0, 0).unwrap());
        let plain = Geometry::from(&resolved(32, 32, format));
        assert!(matches!(way(&plain, &wanted, None, input), Way::Scale(_)));
        let turned = Geometry { rotation: Rotation::Quarter, ..plain.clone() };
        let rated = Geometry { frame_rate: Some(Rational::ONE), ..plain };
        for geometry in [turned, rated] {
            assert!(matches!(way(&geometry, &wanted, None, input), Way::Filters(_)));
        }
        let same = Input::of(&Frame::blank(&wanted, 0, 0, 0).unwrap());
        assert_eq!(way(&Geometry::from(&resolved(32, 32, format)), &wanted, None, same), Way::Pass);
    }
}
