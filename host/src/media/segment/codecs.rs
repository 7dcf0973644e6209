//! The names of codecs in playlists (RFC 6381), read from the header of what was written.

use crate::media::{MediaError, Result};

/// `codec` is FFmpeg's name; `header` is the MP4 header with this one stream.
pub(super) fn codec_string(codec: &str, header: &[u8]) -> Result<String> {
    let of = match codec {
        "h264" => content(header, b"avcC").and_then(avc),
        "hevc" => content(header, b"hvcC").and_then(hevc),
        "vp9" => content(header, b"vpcC").and_then(vp9),
        "av1" => content(header, b"av1C").and_then(av1),
        "aac" => content(header, b"esds").map(aac),
        // Object type of MPEG-1 layer III; what the box says of lower rates is played by the same decoders.
        "mp3" => Some("mp4a.6B".to_owned()),
        "ac3" => Some("ac-3".to_owned()),
        "opus" => Some("opus".to_owned()),
        "flac" => Some("fLaC".to_owned()),
        _ => None,
    };
    of.ok_or_else(|| MediaError::Unsupported(format!("{codec} has no name in a manifest")))
}

/// What follows a box's name. The header is our own and has one stream, so the name stands there once.
fn content<'a>(header: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let at = header.windows(4).position(|window| window == name)?;
    header.get(at + 4..)
}

/// `avc1.PPCCLL`: profile, constraints, level (ISO/IEC 14496-15, AVCDecoderConfigurationRecord).
fn avc(record: &[u8]) -> Option<String> {
    let [_, profile, constraints, level, ..] = record else { return None };
    Some(format!("avc1.{profile:02X}{constraints:02X}{level:02X}"))
}

/// ISO/IEC 14496-15, annex E.3.
fn hevc(record: &[u8]) -> Option<String> {
    let record = record.get(..13)?;
    let space = ["", "A", "B", "C"][usize::from(record[1] >> 6)];
    let tier = if record[1] & 0x20 == 0 { 'L' } else { 'H' };
    let compatible = u32::from_be_bytes([record[2], record[3], record[4], record[5]]).reverse_bits();
    let mut text = format!("hvc1.{space}{}.{compatible:X}.{tier}{}", record[1] & 0x1f, record[12]);
    let constraints = &record[6..12];
    let used = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        text.push_str(&format!(".{byte:X}"));
    }
    Some(text)
}

/// `vp09.PP.LL.DD` (VP Codec ISO Media File Format Binding); the box has a version in front.
fn vp9(record: &[u8]) -> Option<String> {
    let [_, _, _, _, profile, level, depth, ..] = record else { return None };
    Some(format!("vp09.{profile:02}.{level:02}.{:02}", depth >> 4))
}

/// `av01.P.LLT.DD` (AV1 Codec ISO Media File Format Binding).
fn av1(record: &[u8]) -> Option<String> {
    let [_, first, second, ..] = record else { return None };
    let tier = if second & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (second & 0x40 != 0, second & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Some(format!("av01.{}.{:02}{tier}.{depth:02}", first >> 5, first & 0x1f))
}

/// `mp4a.40.N`: N is the audio object type, in the first five bits of the decoder's configuration (ISO/IEC 14496-3).
fn aac(descriptor: &[u8]) -> String {
    /// Tag of DecoderSpecificInfo.
    const SPECIFIC: u8 = 5;
    // After version and flags: ES descriptor (3), decoder configuration (4) and within it the specific information.
    let place = descriptor.iter().take(64).enumerate().skip(20).find(|(_, byte)| **byte == SPECIFIC).map(|(at, _)| at);
    let length = |at: usize| descriptor.iter().skip(at + 1).take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let kind = place.and_then(|at| descriptor.get(at + 1 + length(at))).map(|byte| byte >> 3);
    format!("mp4a.40.{}", kind.filter(|kind| *kind > 0).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_records() {
        assert_eq!(codec_string("h264", b"....avcC\x01\x64\x00\x28\xff").unwrap(), "avc1.640028");
        let main10 = b"hvcC\x01\x02\x20\x00\x00\x00\xb0\x00\x00\x00\x00\x00\x5d";
        assert_eq!(codec_string("hevc", main10).unwrap(), "hvc1.2.4.L93.B0");
        assert_eq!(codec_string("av1", b"av1C\x81\x04\x0c\x00").unwrap(), "av01.0.04M.08");
        assert_eq!(codec_string("vp9", b"vpcC\x01\0\0\0\x00\x1f\x82").unwrap(), "vp09.00.31.08");
        assert!(codec_string("h264", b"moov").is_err());
        assert!(codec_string("vorbis", b"").is_err());
    }
}
