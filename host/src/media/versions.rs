//! Which FFmpeg this is.

use ffmpeg_next as ffmpeg;

/// The libraries that are linked, each with its version as `MAJOR.MINOR.MICRO`. `libavfilter` is loaded when it is needed; it is of the same release.
pub fn versions() -> Vec<(&'static str, String)> {
    // FFmpeg packs them: 16, 8 and 8 bits.
    let text = |packed: u32| format!("{}.{}.{}", packed >> 16, packed >> 8 & 0xff, packed & 0xff);
    vec![
        ("libavcodec", text(ffmpeg::codec::version())),
        ("libavformat", text(ffmpeg::format::version())),
        ("libavutil", text(ffmpeg::util::version())),
        ("libswresample", text(ffmpeg::software::resampling::version())),
        ("libswscale", text(ffmpeg::software::scaling::version())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_has_a_version() {
        for (name, version) in versions() {
            let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
            assert!(numbers.len() == 3 && numbers[0] > 3, "{name} {version}");
        }
    }
}
