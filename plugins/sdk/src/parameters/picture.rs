//! What a picture is: size, sample format, shape of a sample, colour.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A ratio in lowest terms with a positive denominator. As JSON and text: `30000/1001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rational {
    num: i32,
    den: i32,
}

impl Rational {
    /// 1/1: square samples.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// The ratio in lowest terms; `None` for a denominator that is not positive.
    pub fn new(num: i32, den: i32) -> Option<Self> {
        if den <= 0 {
            return None;
        }
        let divisor = i32::try_from(gcd(num.unsigned_abs(), den.unsigned_abs())).ok()?.max(1);
        Some(Self { num: num / divisor, den: den / divisor })
    }

    /// Same as [`Rational::new`], but only for a ratio above zero, which every rate and aspect has to be.
    pub fn positive(num: i32, den: i32) -> Option<Self> {
        Self::new(num, den).filter(|ratio| ratio.num > 0)
    }

    /// The nearest ratio to a frame rate given as a decimal. The rates of NTSC (`29.97`, `23.976`) become n/1001.
    pub fn from_rate(rate: f64) -> Option<Self> {
        if !rate.is_finite() || rate <= 0.0 || rate > 1_000_000.0 {
            return None;
        }
        let ntsc = (rate * 1.001).round();
        if ntsc > 0.0 && (rate - rate.round()).abs() > 1e-9 && (rate - ntsc * 1000.0 / 1001.0).abs() < 0.005 {
            return Self::positive((ntsc * 1000.0) as i32, 1001);
        }
        Self::positive((rate * 1000.0).round() as i32, 1000)
    }

    /// Numerator.
    pub fn num(self) -> i32 {
        self.num
    }

    /// Denominator, above zero.
    pub fn den(self) -> i32 {
        self.den
    }

    /// As a floating-point number.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The reciprocal. `None` for zero and below.
    pub fn inverse(self) -> Option<Self> {
        Self::positive(self.den, self.num)
    }

    /// The product; `None` where it does not fit.
    pub fn times(self, other: Self) -> Option<Self> {
        let (num, den) = (i64::from(self.num) * i64::from(other.num), i64::from(self.den) * i64::from(other.den));
        let (mut a, mut b) = (num.unsigned_abs(), den.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = i64::try_from(a).ok()?.max(1);
        Self::new(i32::try_from(num / divisor).ok()?, i32::try_from(den / divisor).ok()?)
    }
}

fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl FromStr for Rational {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        match (num.parse(), den.parse()) {
            (Ok(num), Ok(den)) => Self::new(num, den),
            _ => None,
        }
        .ok_or_else(|| format!("`{text}` is no ratio; write `numerator/denominator`"))
    }
}

impl Serialize for Rational {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rational {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A clockwise rotation. As JSON the number of degrees.
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

    /// Both rotations, one after the other.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        Self::from_degrees(i64::from(self.degrees()) + i64::from(other.degrees())).unwrap_or_default()
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        matches!(self, Self::Quarter | Self::ThreeQuarters)
    }
}

impl Serialize for Rotation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.degrees())
    }
}

impl<'de> Deserialize<'de> for Rotation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let degrees = i64::deserialize(deserializer)?;
        Self::from_degrees(degrees)
            .ok_or_else(|| de::Error::custom(format!("rotation {degrees}: allowed are 0, 90, 180 and 270")))
    }
}

/// The sample formats that an output can have. Always planar YUV.
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

    /// log2 of the subsampling of the chroma planes, horizontal and vertical.
    pub fn chroma_shift(self) -> (u8, u8) {
        match self {
            Self::Yuv420p | Self::Yuv420p10le | Self::Yuva420p => (1, 1),
            Self::Yuv422p | Self::Yuv422p10le => (1, 0),
            Self::Yuv444p | Self::Yuv444p10le => (0, 0),
        }
    }

    /// Whether samples have 10 bits instead of 8.
    pub fn is_deep(self) -> bool {
        matches!(self, Self::Yuv420p10le | Self::Yuv422p10le | Self::Yuv444p10le)
    }

    /// Whether there is an alpha plane.
    pub fn has_alpha(self) -> bool {
        self == Self::Yuva420p
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Colour of a picture as code points of ITU-T H.273, where 2 is "unspecified".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// Size in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A part of a picture, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Area {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// A larger, black picture with the scaled one in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pad {
    /// Left edge of the scaled picture in it.
    pub x: u32,
    /// Top edge of the scaled picture in it.
    pub y: u32,
    /// Width of the larger picture.
    pub width: u32,
    /// Height of the larger picture.
    pub height: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_documented_json() {
        let json = |value: &dyn erased::Json| value.json();
        assert_eq!(json(&Rational::new(60, 2).unwrap()), r#""30/1""#);
        assert_eq!(json(&Rotation::ThreeQuarters), "270");
        assert_eq!(json(&Size { width: 2, height: 4 }), r#"{"Width":2,"Height":4}"#);
        for format in PixelFormat::ALL {
            assert_eq!(json(&format), format!("\"{format}\""));
        }
        let colour = Colour { primaries: 1, transfer: 1, matrix: 1, full_range: false, chroma_location: None };
        assert_eq!(json(&colour), r#"{"Primaries":1,"Transfer":1,"Matrix":1,"FullRange":false}"#);
    }

    mod erased {
        pub(super) trait Json {
            fn json(&self) -> String;
        }

        impl<T: serde::Serialize> Json for T {
            fn json(&self) -> String {
                serde_json::to_string(self).unwrap()
            }
        }
    }

    #[test]
    fn bad_ratios_and_rotations_are_refused() {
        assert!(serde_json::from_str::<Rational>(r#""1/0""#).is_err());
        assert!(serde_json::from_str::<Rational>("30").is_err());
        assert!(serde_json::from_str::<Rotation>("45").is_err());
        assert_eq!(serde_json::from_str::<Rotation>("-90").unwrap(), Rotation::ThreeQuarters);
    }

    #[test]
    fn rotations_add_up() {
        assert_eq!(Rotation::ThreeQuarters.then(Rotation::Half), Rotation::Quarter);
        assert_eq!(Rotation::Half.then(Rotation::Half), Rotation::None);
    }
}
