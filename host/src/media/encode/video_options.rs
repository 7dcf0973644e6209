//! What each video codec's encoder is told, in FFmpeg's names.

use crate::media::{MediaError, Result};
use crate::task::{Picture, Preset, VideoCodec, VideoEncoding, VideoRate};

type Options = Vec<(&'static str, String)>;

/// The encoder of a codec.
pub(super) fn encoder_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "libx264",
        VideoCodec::H265 => "libx265",
        VideoCodec::Vp9 => "libvpx-vp9",
        VideoCodec::Vp8 => "libvpx",
        VideoCodec::Av1 => "libsvtav1",
    }
}

/// All options. As options and not as fields, so that flags are added to those that are set already. `fps` is for the size
/// of a rate control that has to be chosen here; `threads` 0 is as many as there are cores; `forced` where keyframes are forced.
pub(super) fn options(
    encoding: &VideoEncoding,
    picture: &Picture,
    fps: f64,
    threads: u32,
    forced: bool,
) -> Result<Options> {
    let mut options = vec![
        ("threads", if threads == 0 { "auto".to_owned() } else { threads.to_string() }),
        // Headers go outside of the packets; one encode may feed several containers, and `media::mux` puts them back in where
        // a container wants that.
        ("flags", "+global_header".to_owned()),
        ("g", within("GOPSize", u64::from(encoding.gop_size), i32::MAX as u64)?),
    ];
    let codec = encoding.codec;
    speed(codec, encoding.preset, &mut options);
    if codec.has_b_frames() {
        options.push(("bf", within("BFrames", u64::from(encoding.b_frames), 16)?));
    }
    if codec.has_refs() {
        within("Refs", u64::from(encoding.refs), 16)?;
        // x265 refuses 0 even where every picture is a key.
        let least = u32::from(codec == VideoCodec::H265);
        options.push(("refs", encoding.refs.clamp(least, codec.max_refs()).to_string()));
    }
    if forced && codec.has_b_frames() {
        // What is forced is a picture without references across it, not only one without references of its own.
        options.push(("forced-idr", "1".to_owned()));
    }
    if codec == VideoCodec::H265 {
        options.push(("x265-params", x265(encoding, threads, forced)));
    }
    if codec == VideoCodec::Av1 && threads > 0 {
        // It does not look at FFmpeg's number of threads, and with more than one of its own a bitrate is held differently from
        // one run to the next.
        options.push(("svtav1-params", format!("lp={threads}")));
    }
    match encoding.rate {
        VideoRate::Crf(quality) if (0.0..=51.0).contains(&quality) => {
            constant_quality(encoding, quality, picture, fps, &mut options)?;
        }
        VideoRate::Crf(quality) => {
            return Err(MediaError::Encoder(format!("CRF {quality} is not allowed: it must be 0 to 51")));
        }
        VideoRate::Bitrate(bitrate) => {
            let text = within("Bitrate", bitrate, i32::MAX as u64 / 2)?;
            options.push(("b", text.clone()));
            // SVT-AV1 takes maxrate = bitrate for a constant bitrate, which it then refuses with hidden frames.
            if codec != VideoCodec::Av1 {
                options.push(("maxrate", text));
                options.push(("bufsize", bitrate.saturating_mul(2).to_string()));
            }
        }
    }
    colour(picture, &mut options);
    Ok(options)
}

/// How much time an encoder takes. No codec's own default holds: libvpx's and SVT-AV1's make a task crawl.
fn speed(codec: VideoCodec, preset: Preset, options: &mut Options) {
    let step = |fast: &str, medium: &str, slow: &str| {
        match preset {
            Preset::Fast => fast,
            Preset::Medium => medium,
            Preset::Slow => slow,
        }
        .to_owned()
    };
    match codec {
        VideoCodec::H264 | VideoCodec::H265 => options.push(("preset", preset.name().to_owned())),
        VideoCodec::Vp9 => {
            options.push(("deadline", "good".to_owned()));
            options.push(("cpu-used", step("6", "4", "2")));
            options.push(("row-mt", "1".to_owned()));
            // log2; libvpx takes fewer where a tile would be narrower than 256 samples.
            options.push(("tile-columns", "2".to_owned()));
        }
        VideoCodec::Vp8 => {
            options.push(("deadline", "good".to_owned()));
            options.push(("cpu-used", step("8", "5", "2")));
        }
        VideoCodec::Av1 => options.push(("preset", step("11", "9", "7"))),
    }
}

fn constant_quality(
    encoding: &VideoEncoding,
    quality: f64,
    picture: &Picture,
    fps: f64,
    options: &mut Options,
) -> Result<()> {
    let limit = encoding.max_bitrate.map(|limit| within("MaxBitrate", limit, i32::MAX as u64)).transpose()?;
    // A limit needs a buffer over which it holds; two seconds, as with `Bitrate`.
    let buffer = encoding.max_bitrate.map(|limit| encoding.buffer_size.unwrap_or(limit.saturating_mul(2)));
    let buffer = buffer.map(|buffer| within("BufferSize", buffer, i32::MAX as u64)).transpose()?;
    match encoding.codec {
        VideoCodec::H264 | VideoCodec::H265 => options.push(("crf", quality.to_string())),
        // Whole numbers only. A bitrate of 0 is "as much as it takes"; one above it is a limit.
        VideoCodec::Vp9 => {
            options.push(("crf", quality.round().to_string()));
            options.push(("b", limit.clone().unwrap_or_else(|| "0".to_owned())));
        }
        VideoCodec::Vp8 => {
            options.push(("crf", quality.round().to_string()));
            // Its own smallest quantizer is 4, and a quality below that is refused.
            options.push(("qmin", "0".to_owned()));
            options.push(("b", limit.clone().unwrap_or_else(|| plenty(picture, fps))));
        }
        // 0 is "not set" there. The bitrate is 0 because its default, 7 Mbit/s, would stand against the quality.
        VideoCodec::Av1 => {
            options.push(("crf", quality.round().max(1.0).to_string()));
            options.push(("b", "0".to_owned()));
        }
    }
    if let (Some(limit), Some(buffer)) = (limit, buffer) {
        options.push(("maxrate", limit));
        options.push(("bufsize", buffer));
    }
    Ok(())
}

/// A bitrate that no picture reaches at a quality above 0: VP8 has no constant quality without one. 4 bits per pixel.
fn plenty(picture: &Picture, fps: f64) -> String {
    let pixels = f64::from(picture.width) * f64::from(picture.height);
    (pixels * fps * 4.0).clamp(1e6, 4e8).round().to_string()
}

/// Threads that look ahead at most. With more than so many threads their number is left to x264, which then takes some by itself.
const MAX_LOOKAHEAD: u32 = 4;
const MANY_THREADS: u32 = 16;

/// How the encoder shares its work between threads, besides their number; `cores` are those that there are. It is no property of the stream,
/// and no part of [`options`].
///
/// x264 looks at forty pictures ahead before it encodes the first, and with few threads does so in one: meanwhile the other cores have little to do. With more
/// of them each looks at a part of the picture, which has at least 128 lines by x264's own rule.
pub(super) fn scheduling(codec: VideoCodec, picture: &Picture, threads: u32, cores: u32) -> Options {
    let threads = if threads == 0 { cores } else { threads };
    let ahead = threads.min(MAX_LOOKAHEAD).min(picture.height / 128);
    if codec == VideoCodec::H264 && threads <= MANY_THREADS && ahead > 1 {
        vec![("x264-params", format!("lookahead-threads={ahead}"))]
    } else {
        Options::new()
    }
}

fn x265(encoding: &VideoEncoding, threads: u32, forced: bool) -> String {
    // It writes to stderr by itself, past FFmpeg's log.
    let mut text = "log-level=none".to_owned();
    if threads > 0 {
        text.push_str(&format!(":pools={threads}"));
    }
    if forced {
        // By default its keyframes are followed by pictures that need the ones before.
        text.push_str(":open-gop=0");
    }
    if encoding.b_frames >= 15 {
        // Its presets look 15 to 25 frames ahead, and it wants to look further than B-frames reach.
        text.push_str(":rc-lookahead=25");
    }
    text
}

fn colour(picture: &Picture, options: &mut Options) {
    let colour = &picture.colour;
    // The matrix of RGB does not fit planar YUV.
    let matrix = if colour.matrix == 0 { 2 } else { colour.matrix };
    options.push(("color_primaries", colour.primaries.to_string()));
    options.push(("color_trc", colour.transfer.to_string()));
    options.push(("colorspace", matrix.to_string()));
    options.push(("color_range", if colour.full_range { "pc" } else { "tv" }.to_owned()));
    if let Some(location) = colour.chroma_location {
        options.push(("chroma_sample_location", (u16::from(location) + 1).to_string()));
    }
}

/// What the codec's encoder does not take. `Encoder` names what is allowed.
pub(super) fn check(codec: VideoCodec, picture: &Picture) -> Result<()> {
    let (name, format) = (codec.name(), picture.pixel_format);
    let (width, height) = (picture.width, picture.height);
    let allowed = codec.pixel_formats();
    if !allowed.contains(&format) {
        let what = if format.has_alpha() { format!("{name} has no alpha") } else { format!("{name} does not have it") };
        let allowed: Vec<_> = allowed.iter().map(|format| format.name()).collect();
        return Err(MediaError::Encoder(format!("PixelFormat {format}: {what}; allowed are {}", allowed.join(", "))));
    }
    let (x, y) = format.chroma_shift();
    if !width.is_multiple_of(1 << x) || !height.is_multiple_of(1 << y) {
        return Err(MediaError::Encoder(format!(
            "the picture of {width}x{height} does not suit {format}: {name} wants a multiple of {}x{}",
            1 << x,
            1 << y
        )));
    }
    let (least, most) = sides(codec);
    if width < least || height < least || width > most || height > most {
        return Err(MediaError::Encoder(format!(
            "the picture of {width}x{height} is not possible: {name} wants {least} to {most} samples on each side"
        )));
    }
    Ok(())
}

/// The shortest and the longest side of a picture that an encoder takes.
fn sides(codec: VideoCodec) -> (u32, u32) {
    match codec {
        VideoCodec::H264 | VideoCodec::H265 | VideoCodec::Vp9 => (2, 16_384),
        VideoCodec::Vp8 => (2, 16_382),
        VideoCodec::Av1 => (64, 8_704),
    }
}

fn within(field: &str, value: u64, most: u64) -> Result<String> {
    if value > most {
        return Err(MediaError::Encoder(format!("{field} {value} is not allowed: it must be at most {most}")));
    }
    Ok(value.to_string())
}
