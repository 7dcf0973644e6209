//! A sum over the payload of a stream that stays the same in every container.

use crc32fast::Hasher;

/// What containers change in packets of a codec.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Nothing.
    Plain,
    /// Start codes or lengths in front of the units; parameter sets and delimiters inside or outside.
    Units { is_picture: fn(u8) -> bool },
    /// A header in front of each frame, or none.
    Adts,
    /// A temporal delimiter in front, or none.
    Obus,
}

/// Sums up the payload of one stream in decoding order. Where packets are cut does not matter.
pub(super) struct Digest {
    form: Form,
    hasher: Hasher,
    known: bool,
    /// Of units with start codes, beside those with lengths in `hasher`. All packets of a stream have the same form, but a single packet may
    /// happen to have both: a start code of three bytes can be the right length. `None` once a packet has not this form.
    by_codes: Option<Hasher>,
    /// The same for `hasher`.
    by_lengths: bool,
}

impl Digest {
    /// `codec` is FFmpeg's name. The sum of a codec that is not known here is `None`.
    pub(super) fn new(codec: &str) -> Self {
        let form = match codec {
            "h264" => Some(Form::Units { is_picture: |head| matches!(head & 0x1f, 1..=5) }),
            "hevc" => Some(Form::Units { is_picture: |head| (head >> 1) & 0x3f < 32 }),
            "aac" => Some(Form::Adts),
            "av1" => Some(Form::Obus),
            "vp8" | "vp9" | "mp3" | "vorbis" | "flac" | "ac3" | "opus" | "amr_nb" | "pcm_s16le" | "pcm_s24le"
            | "subrip" | "ass" | "webvtt" | "mov_text" | "hdmv_pgs_subtitle" | "dvd_subtitle" | "bin_data" => {
                Some(Form::Plain)
            }
            _ => None,
        };
        Self {
            form: form.unwrap_or(Form::Plain),
            hasher: Hasher::new(),
            known: form.is_some(),
            by_codes: Some(Hasher::new()),
            by_lengths: true,
        }
    }

    /// Takes the next packet.
    pub(super) fn add(&mut self, data: &[u8]) {
        if !self.known {
            return;
        }
        match self.form {
            Form::Plain => self.hasher.update(data),
            Form::Adts => self.hasher.update(without_adts(data)),
            Form::Obus => self.hasher.update(data.strip_prefix(&[0x12, 0]).unwrap_or(data)),
            Form::Units { is_picture } => {
                let pictures = |units: Vec<&[u8]>, hasher: &mut Hasher| {
                    for unit in units.into_iter().filter(|unit| unit.first().is_some_and(|head| is_picture(*head))) {
                        hasher.update(without_zeros(unit));
                    }
                };
                match with_lengths(data).filter(|_| self.by_lengths) {
                    Some(units) => pictures(units, &mut self.hasher),
                    None => self.by_lengths = false,
                }
                match (with_start_codes(data), &mut self.by_codes) {
                    (Some(units), Some(hasher)) => pictures(units, hasher),
                    _ => self.by_codes = None,
                }
            }
        }
    }

    /// The sum; `None` where the payload has a form that is not known, or could be either.
    pub(super) fn value(&self) -> Option<u32> {
        match (self.form, &self.by_codes) {
            _ if !self.known => None,
            (Form::Units { .. }, None) => self.by_lengths.then(|| self.hasher.clone().finalize()),
            (Form::Units { .. }, Some(hasher)) => (!self.by_lengths).then(|| hasher.clone().finalize()),
            _ => Some(self.hasher.clone().finalize()),
        }
    }
}

/// Zeros after a unit are padding.
fn without_zeros(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &unit[..end]
}

/// ISO/IEC 14496-3, 1.A.2.2: the header says how long the frame is with it, and whether a checksum follows.
fn without_adts(data: &[u8]) -> &[u8] {
    let [0xff, second, _, upper, middle, lower, _, ..] = *data else {
        return data;
    };
    let length = usize::from(upper & 3) << 11 | usize::from(middle) << 3 | usize::from(lower >> 5);
    if second & 0xf6 != 0xf0 || length != data.len() {
        return data;
    }
    let header = if second & 1 == 0 { 9 } else { 7 };
    data.get(header..).unwrap_or_default()
}

/// Units with four bytes of length in front; `None` unless they fill the packet.
fn with_lengths(data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut units = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| *length > 0)?;
        let (unit, after) = after.split_at_checked(length)?;
        units.push(unit);
        rest = after;
    }
    Some(units)
}

/// Units with start codes in front; `None` where the packet does not start with one.
fn with_start_codes(data: &[u8]) -> Option<Vec<&[u8]>> {
    if !data.starts_with(&[0, 0, 1]) && !data.starts_with(&[0, 0, 0, 1]) {
        return None;
    }
    let mut units = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(window) = data.get(at..at + 3) {
        match window {
            [0, 0, 1] => {
                units.extend(start.map(|start| &data[start..at]));
                start = Some(at + 3);
                at += 3;
            }
            // No code starts at a byte that is above 1, nor at the two before it.
            [_, _, third] if *third > 1 => at += 3,
            _ => at += 1,
        }
    }
    units.extend(start.map(|start| &data[start..]));
    Some(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(codec: &str, packets: &[&[u8]]) -> Option<u32> {
        let mut digest = Digest::new(codec);
        packets.iter().for_each(|packet| digest.add(packet));
        digest.value()
    }

    #[test]
    fn the_form_of_a_packet_does_not_matter() {
        let lengths: &[u8] = &[0, 0, 0, 2, 0x67, 9, 0, 0, 0, 3, 0x65, 7, 8];
        let codes: &[u8] = &[0, 0, 0, 1, 0x09, 0x10, 0, 0, 1, 0x65, 7, 8, 0];
        assert_eq!(sum("h264", &[lengths]), sum("h264", &[codes]));
        assert_ne!(sum("h264", &[lengths]), sum("h264", &[&[0, 0, 0, 3, 0x65, 7, 9]]));
        assert_eq!(sum("h264", &[&[1, 2, 3]]), None);
        // A start code of three bytes and a delimiter that together are the right length of the rest.
        let mut both = vec![0, 0, 1, 0x09];
        both.extend([0, 0, 1, 0x65, 5, 6]);
        both.resize(4 + 0x109, 7);
        let slice = &both[7..];
        let plain = [&(slice.len() as u32).to_be_bytes(), slice].concat();
        assert_eq!(sum("h264", &[codes, &both]), sum("h264", &[lengths, &plain]));
        assert_eq!(sum("h264", &[&both]), None, "nobody can tell");
        let adts: &[u8] = &[0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc, 1, 2];
        assert_eq!(sum("aac", &[adts]), sum("aac", &[&[1, 2]]));
        assert_eq!(sum("av1", &[&[0x12, 0, 5]]), sum("av1", &[&[5]]));
        assert_eq!(sum("pcm_s16le", &[&[1, 2], &[3]]), sum("pcm_s16le", &[&[1], &[2, 3]]));
        assert_eq!(sum("wmv2", &[&[1]]), None);
    }
}
