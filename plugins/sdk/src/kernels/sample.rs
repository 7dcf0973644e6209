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
