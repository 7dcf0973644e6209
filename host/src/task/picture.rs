//! What a picture is: size, sample format, shape of a sample, colour.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rational;

/// A rectangle in samples of the plane that its user names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width; may be 0.
    pub width: u32,
    /// Height; may be 0.
    pub height: u32,
}

impl Rect {
    /// Whether it holds no sample.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether all of it lies in a plane of that size.
    pub fn fits(self, width: u32, height: u32) -> bool {
        u64::from(self.x) + u64::from(self.width) <= u64::from(width)
            && u64::from(self.y) + u64::from(self.height) <= u64::from(height)
    }

    /// Whether all of `other` lies in it.
    pub fn contains(self, other: Self) -> bool {
        other.x >= self.x
            && other.y >= self.y
            && u64::from(other.x) + u64::from(other.width) <= u64::from(self.x) + u64::from(self.width)
            && u64::from(other.y) + u64::from(other.height) <= u64::from(self.y) + u64::from(self.height)
    }

    /// The samples of a plane subsampled by these shifts that belong to any of its samples: rounded outwards.
    pub fn subsampled(self, shift_x: u8, shift_y: u8) -> Self {
        let span = |start: u32, length: u32, shift: u8| {
            let end = (u64::from(start) + u64::from(length)).div_ceil(1 << shift);
            let start = start >> shift;
            (start, u32::try_from(end).unwrap_or(u32::MAX).saturating_sub(start))
        };
        let (x, width) = span(self.x, self.width, shift_x);
        let (y, height) = span(self.y, self.height, shift_y);
        Self { x, y, width, height }
    }
}

/// The sample formats that an output can have and that filters see (`PixelFormat` of the API). Always planar YUV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelFormat {
    /// 8 bit 4:2:0.
    Yuv420p,
    /// 8 bit 4:2:2.
    Yuv422p,
    /// 8 bit 4:4:4.
    Yuv444p,
    /// 10 bit 4:2:0.
    Yuv420p10le,
    /// 10 bit 4:2:2.
    Yuv422p10le,
    /// 10 bit 4:4:4.
    Yuv444p10le,
    /// 8 bit 4:2:0 with alpha.
    Yuva420p,
}

impl PixelFormat {
    /// All of them, in the order of the API's documentation.
    pub const ALL: [Self; 7] = [
        Self::Yuv420p,
        Self::Yuv422p,
        Self::Yuv444p,
        Self::Yuv420p10le,
        Self::Yuv422p10le,
        Self::Yuv444p10le,
        Self::Yuva420p,
    ];

    /// Name on the wire, the same as FFmpeg's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yuv420p => "yuv420p",
            Self::Yuv422p => "yuv422p",
            Self::Yuv444p => "yuv444p",
            Self::Yuv420p10le => "yuv420p10le",
            Self::Yuv422p10le => "yuv422p10le",
            Self::Yuv444p10le => "yuv444p10le",
            Self::Yuva420p => "yuva420p",
        }
    }

    /// Bits of a sample: 8 or 10.
    pub fn bit_depth(self) -> u8 {
        match self {
            Self::Yuv420p10le | Self::Yuv422p10le | Self::Yuv444p10le => 10,
            _ => 8,
        }
    }

    /// Bytes of a sample: 1 or 2.
    pub fn sample_bytes(self) -> usize {
        if self.bit_depth() > 8 { 2 } else { 1 }
    }

    /// log2 of the subsampling of the chroma planes, horizontal and vertical.
    pub fn chroma_shift(self) -> (u8, u8) {
        match self {
            Self::Yuv420p | Self::Yuv420p10le | Self::Yuva420p => (1, 1),
            Self::Yuv422p | Self::Yuv422p10le => (1, 0),
            Self::Yuv444p | Self::Yuv444p10le => (0, 0),
        }
    }

    /// Whether plane 3 holds alpha.
    pub fn has_alpha(self) -> bool {
        self == Self::Yuva420p
    }

    /// Number of planes: 3 or 4.
    pub fn planes(self) -> u8 {
        if self.has_alpha() { 4 } else { 3 }
    }

    /// Shifts of one plane: those of the chroma for planes 1 and 2, none for luma and alpha.
    pub fn plane_shift(self, plane: u8) -> (u8, u8) {
        if matches!(plane, 1 | 2) { self.chroma_shift() } else { (0, 0) }
    }

    /// Width and height of one plane of a picture of this size, in samples.
    pub fn plane_size(self, plane: u8, width: u32, height: u32) -> (u32, u32) {
        let (x, y) = self.plane_shift(plane);
        (width.div_ceil(1 << x), height.div_ceil(1 << y))
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PixelFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|format| format.name() == text).ok_or(())
    }
}

/// Colour of a picture as code points of ITU-T H.273, where 2 is "unspecified".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Colour {
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
    /// Full range (0 to 255) instead of limited (16 to 235).
    pub full_range: bool,
    /// ChromaLocType: 0 left, 1 centre, 2 top left ...; `None` where the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chroma_location: Option<u8>,
}

impl Colour {
    /// That of high-definition television (ITU-R BT.709), limited range.
    pub const BT709: Self = Self { primaries: 1, transfer: 1, matrix: 1, full_range: false, chroma_location: None };

    /// Nothing known: unspecified code points, limited range.
    pub const UNSPECIFIED: Self =
        Self { primaries: 2, transfer: 2, matrix: 2, full_range: false, chroma_location: None };
}

/// A picture as it leaves the scaler: what filters and encoders get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Picture {
    /// Width in luma samples.
    pub width: u32,
    /// Height in luma samples.
    pub height: u32,
    /// Sample format.
    pub pixel_format: PixelFormat,
    /// Shape of a sample, width to height.
    pub sample_aspect: Rational,
    /// Frames per second where that is constant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<Rational>,
    /// Colour code points.
    pub colour: Colour,
}

/// A clockwise rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rotation {
    /// None.
    #[default]
    None,
    /// 90 degrees clockwise.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees clockwise.
    ThreeQuarters,
}

impl Rotation {
    /// From degrees clockwise; `None` unless a multiple of 90.
    pub fn from_degrees(degrees: i64) -> Option<Self> {
        match degrees.rem_euclid(360) {
            0 => Some(Self::None),
            90 => Some(Self::Quarter),
            180 => Some(Self::Half),
            270 => Some(Self::ThreeQuarters),
            _ => None,
        }
    }

    /// Degrees clockwise: 0, 90, 180 or 270.
    pub fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        matches!(self, Self::Quarter | Self::ThreeQuarters)
    }
}

impl Serialize for Rotation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.degrees())
    }
}

impl<'de> Deserialize<'de> for Rotation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let degrees = i64::deserialize(deserializer)?;
        Self::from_degrees(degrees)
            .ok_or_else(|| serde::de::Error::custom(format!("rotation {degrees}: allowed are 0, 90, 180 and 270")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsampling_rounds_outwards() {
        let rect = Rect { x: 3, y: 4, width: 3, height: 1 };
        assert_eq!(rect.subsampled(1, 1), Rect { x: 1, y: 2, width: 2, height: 1 });
        assert_eq!(rect.subsampled(0, 0), rect);
    }

    #[test]
    fn odd_pictures_have_a_last_chroma_column() {
        assert_eq!(PixelFormat::Yuv420p.plane_size(1, 853, 479), (427, 240));
        assert_eq!(PixelFormat::Yuva420p.plane_size(3, 853, 479), (853, 479));
    }

    #[test]
    fn fitting_does_not_overflow() {
        assert!(!Rect { x: u32::MAX, y: 0, width: u32::MAX, height: 1 }.fits(10, 10));
        assert!(Rect { x: 0, y: 0, width: 10, height: 10 }.fits(10, 10));
    }

    #[test]
    fn negative_degrees_turn_the_other_way() {
        assert_eq!(Rotation::from_degrees(-90), Some(Rotation::ThreeQuarters));
        assert_eq!(Rotation::from_degrees(45), None);
    }
}
