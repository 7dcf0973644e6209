//! Samples of 8 bits and of more bits.

/// A sample as it lies in a packed row: `u8`, or two bytes of a little-endian `u16`.
///
/// Alpha has the full range of the sample's storage (255 or 65535), so that the same exact division serves both.
pub trait Sample: Copy + Send + Sync + 'static {
    /// Holds a sample times an alpha.
    type Product: Copy + Send + Sync + 'static;
    /// Alpha of an opaque pixel.
    const OPAQUE: u32;

    /// The value.
    fn get(self) -> u32;
    /// A sample of this value; larger ones saturate.
    fn new(value: u32) -> Self;
    /// The nearest sample, of halves the even one, of a value from 0 to the largest sample.
    fn rounded(value: f32) -> Self;
    /// A product; larger ones saturate.
    fn product(value: u64) -> Self::Product;
    /// The value of a product.
    fn product_value(product: Self::Product) -> u64;
    /// `round((self * inverse + add) / OPAQUE)`, where `add <= OPAQUE * (OPAQUE - inverse)`.
    fn blend(self, inverse: Self, add: Self::Product) -> Self;
    /// Views packed rows as samples. An odd byte at the end is left out.
    fn of_bytes(bytes: &[u8]) -> &[Self];
    /// Views packed rows as samples. An odd byte at the end is left out.
    fn of_bytes_mut(bytes: &mut [u8]) -> &mut [Self];
}

impl Sample for u8 {
    type Product = u16;
    const OPAQUE: u32 = 255;

    fn get(self) -> u32 {
        u32::from(self)
    }

    fn new(value: u32) -> Self {
        Self::try_from(value).unwrap_or(Self::MAX)
    }

    #[inline(always)]
    fn rounded(value: f32) -> Self {
        whole(value) as Self
    }

    fn product(value: u64) -> u16 {
        u16::try_from(value).unwrap_or(u16::MAX)
    }

    fn product_value(product: u16) -> u64 {
        u64::from(product)
    }

    #[inline(always)]
    fn blend(self, inverse: Self, add: u16) -> Self {
        // Wrapping, so that nothing but additions stands in the loop; 255 * 255 + 128 + 255 fits. The two shifts are an
        // exact rounded division by 255.
        let sum = u16::from(self).wrapping_mul(u16::from(inverse)).wrapping_add(add).wrapping_add(128);
        (sum.wrapping_add(sum >> 8) >> 8) as Self
    }

    fn of_bytes(bytes: &[u8]) -> &[Self] {
        bytes
    }

    fn of_bytes_mut(bytes: &mut [u8]) -> &mut [Self] {
        bytes
    }
}

impl Sample for [u8; 2] {
    type Product = u32;
    const OPAQUE: u32 = 65_535;

    fn get(self) -> u32 {
        u32::from(u16::from_le_bytes(self))
    }

    fn new(value: u32) -> Self {
        u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes()
    }

    #[inline(always)]
    fn rounded(value: f32) -> Self {
        (whole(value) as u16).to_le_bytes()
    }

    fn product(value: u64) -> u32 {
        u32::try_from(value).unwrap_or(u32::MAX)
    }

    fn product_value(product: u32) -> u64 {
        u64::from(product)
    }

    #[inline(always)]
    fn blend(self, inverse: Self, add: u32) -> Self {
        // As for 8 bits: 65535 * 65535 + 32768 + 65535 fits.
        let sum = self.get().wrapping_mul(inverse.get()).wrapping_add(add).wrapping_add(32_768);
        ((sum.wrapping_add(sum >> 16) >> 16) as u16).to_le_bytes()
    }

    fn of_bytes(bytes: &[u8]) -> &[Self] {
        bytes.as_chunks().0
    }

    fn of_bytes_mut(bytes: &mut [u8]) -> &mut [Self] {
        bytes.as_chunks_mut().0
    }
}

/// The nearest whole number, of halves the even one, of a number in `0.0..=65535.0`.
///
/// A cast of a float saturates, which takes a dozen instructions in vectors. From 2^23 on floats have no fraction, and their last bits are the number itself.
#[inline(always)]
fn whole(value: f32) -> u32 {
    (value + 8_388_608.0).to_bits() & 0xFFFF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_round_to_nearest_everywhere() {
        for sample in 0..=255u8 {
            for inverse in 0..=255u8 {
                for colour in [0u16, 1, 16, 127, 128, 235, 255] {
                    let add = colour * (255 - u16::from(inverse));
                    let exact = f64::from(u32::from(sample) * u32::from(inverse) + u32::from(add)) / 255.0;
                    assert_eq!(f64::from(sample.blend(inverse, add)), exact.round(), "{sample} {inverse} {colour}");
                }
            }
        }
    }

    #[test]
    fn floats_become_the_nearest_sample() {
        for value in 0..=65_535u16 {
            let exact = f32::from(value);
            assert_eq!(<[u8; 2]>::rounded(exact), value.to_le_bytes());
            assert_eq!(<[u8; 2]>::rounded((exact - 0.49).max(0.0)), value.to_le_bytes());
            assert_eq!(<[u8; 2]>::rounded(exact + 0.49), value.to_le_bytes());
        }
        for value in 0..=255u8 {
            assert_eq!(u8::rounded(f32::from(value)), value);
            assert_eq!(u8::rounded(f32::from(value) + 0.49), value);
        }
        assert_eq!((u8::rounded(0.5), u8::rounded(1.5)), (0, 2));
    }

    #[test]
    fn sixteen_bits_round_to_nearest_at_the_corners() {
        for sample in [0u32, 1, 64, 940, 1023, 32_767, 65_535] {
            for inverse in [0u32, 1, 255, 32_767, 32_768, 65_534, 65_535] {
                for colour in [0u64, 1, 64, 1023, 65_535] {
                    let add = colour * u64::from(65_535 - inverse);
                    let exact = (u64::from(sample) * u64::from(inverse) + add) as f64 / 65_535.0;
                    let got = <[u8; 2]>::new(sample).blend(<[u8; 2]>::new(inverse), <[u8; 2]>::product(add)).get();
                    assert_eq!(f64::from(got), exact.round(), "{sample} {inverse} {colour}");
                }
            }
        }
    }
}
