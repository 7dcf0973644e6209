//! The orientation that cameras write into a file instead of turning its pixels.

/// Tag 0x0112 of Exif.
const TAG: u16 = 0x0112;
/// What a field of one 16-bit number has as its type.
const SHORT: u16 = 3;

/// How stored pixels become the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Orientation {
    /// Whether stored rows are columns of the picture.
    turned: bool,
    /// Whether the picture's rows are read from their ends.
    mirrored: bool,
    /// Whether the picture's columns are read from their ends.
    flipped: bool,
}

impl Orientation {
    /// That of an Exif block, which begins with the header of TIFF; as stored where the block is broken or says nothing.
    pub(super) fn of_exif(exif: &[u8]) -> Self {
        // Where the stored row 0 and the stored column 0 are: 1 is top and left, 2 top and right, and so on.
        let (turned, mirrored, flipped) = match value(exif) {
            Some(2) => (false, true, false),
            Some(3) => (false, true, true),
            Some(4) => (false, false, true),
            Some(5) => (true, false, false),
            Some(6) => (true, true, false),
            Some(7) => (true, true, true),
            Some(8) => (true, false, true),
            _ => (false, false, false),
        };
        Self { turned, mirrored, flipped }
    }

    /// The picture's size, from that of what is stored, and the other way round.
    pub(super) fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.turned { (height, width) } else { (width, height) }
    }

    /// Indices of the stored pixels in the order of the picture's, for a stored size.
    pub(super) fn indices(self, stored: (u32, u32)) -> impl Iterator<Item = usize> {
        let (width, height) = self.size(stored);
        let from_end = |from_end: bool, side: u32, at: u32| if from_end { side - 1 - at } else { at };
        (0..height).flat_map(move |y| {
            let y = from_end(self.flipped, height, y);
            (0..width).map(move |x| {
                let x = from_end(self.mirrored, width, x);
                let (x, y) = if self.turned { (y, x) } else { (x, y) };
                y as usize * stored.0 as usize + x as usize
            })
        })
    }
}

fn value(exif: &[u8]) -> Option<u16> {
    let big = match exif.get(..4)? {
        b"MM\0\x2a" => true,
        b"II\x2a\0" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = *exif.get(at..)?.first_chunk()?;
        Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let long = |at: usize| -> Option<u32> {
        let bytes = *exif.get(at..)?.first_chunk()?;
        Some(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    // Entries of 12 bytes: tag, type, count, and the value itself where it fits into 4 bytes.
    let first = directory.checked_add(2)?;
    let entries = (0..usize::from(short(directory)?)).map_while(|index| first.checked_add(index * 12));
    let mut entries = entries.take_while(|entry| *entry < exif.len());
    let entry = entries.find(|entry| short(*entry) == Some(TAG))?;
    (short(entry.checked_add(2)?)? == SHORT && long(entry.checked_add(4)?)? == 1)
        .then(|| short(entry.checked_add(8)?))
        .flatten()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An Exif block with another field before the orientation.
    pub(in super::super) fn exif(big: bool, orientation: u16) -> Vec<u8> {
        let short = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let long = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut exif = if big { b"MM\0\x2a".to_vec() } else { b"II\x2a\0".to_vec() };
        exif.extend(long(10));
        exif.extend([0; 2]);
        exif.extend(short(2));
        for (tag, value) in [(0x0100, 640), (TAG, orientation)] {
            exif.extend([short(tag), short(SHORT)].concat());
            exif.extend(long(1));
            exif.extend([short(value), short(0)].concat());
        }
        exif
    }

    /// Three columns and two rows, `ABC` above `DEF`.
    fn letters(orientation: Orientation) -> String {
        let (width, _) = orientation.size((3, 2));
        let letters: Vec<u8> = orientation.indices((3, 2)).map(|index| b"ABCDEF"[index]).collect();
        let rows: Vec<_> = letters.chunks(width as usize).map(String::from_utf8_lossy).collect();
        rows.join("/")
    }

    #[test]
    fn eight_orientations() {
        let want = ["ABC/DEF", "CBA/FED", "FED/CBA", "DEF/ABC", "AD/BE/CF", "DA/EB/FC", "FC/EB/DA", "CF/BE/AD"];
        for big in [false, true] {
            for (orientation, want) in (1..).zip(want) {
                assert_eq!(letters(Orientation::of_exif(&exif(big, orientation))), want, "{orientation}");
            }
        }
    }

    #[test]
    fn what_says_nothing_leaves_pixels_where_they_are() {
        for orientation in [0, 9, u16::MAX] {
            assert_eq!(Orientation::of_exif(&exif(true, orientation)), Orientation::default());
        }
        let good = exif(false, 6);
        for end in 0..good.len() - 2 {
            assert_eq!(Orientation::of_exif(&good[..end]), Orientation::default(), "{end}");
        }
        // Not one 16-bit number.
        for (at, value) in [(24, 4), (26, 2)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(Orientation::of_exif(&bad), Orientation::default());
        }
        let mut far = good;
        far[4..8].fill(0xff);
        assert_eq!(Orientation::of_exif(&far), Orientation::default());
    }
}
