//! Lists of items of different lengths: an array of offsets, and the data that they point into.

use std::collections::BTreeMap;

use cosmic_text::skrifa::Tag;

use super::tables::Tables;

/// Where a list lies in a font file.
pub(super) struct Items {
    pub(super) count: u32,
    /// The table with the offsets, one more than there are items.
    pub(super) offsets: (Tag, u64),
    /// Bytes of an offset.
    pub(super) width: u64,
    /// What an offset is multiplied with.
    pub(super) unit: u64,
    /// The table with the data, and where in it the offset 0 is.
    pub(super) data: (Tag, u64),
}

impl Items {
    /// Reads one item. `None` when there is none or its offsets are wrong.
    pub(super) fn read(&self, tables: &Tables, index: u32) -> Option<Vec<u8>> {
        if index >= self.count {
            return None;
        }
        let at = self.offsets.1 + self.width * u64::from(index);
        let both = tables.number(self.offsets.0, at, 2 * self.width)?;
        let bits = 8 * self.width;
        let (start, end) = ((both >> bits) * self.unit, (both & ((1 << bits) - 1)) * self.unit);
        tables.part(self.data.0, self.data.1 + start, end.checked_sub(start)?)
    }
}

/// Writes a list in which all other items are empty: offsets of four bytes, of which the first is `first`, and the data.
pub(super) fn write(count: u32, items: &BTreeMap<u32, Vec<u8>>, first: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut offsets = Vec::with_capacity(4 * (count as usize + 1));
    let mut data = Vec::new();
    let mut next = items.range(..count).peekable();
    for index in 0..=count {
        let offset = u32::try_from(data.len()).ok()?.checked_add(first)?;
        offsets.extend(offset.to_be_bytes());
        if let Some((_, item)) = next.next_if(|(at, _)| **at == index) {
            data.extend_from_slice(item);
        }
    }
    Some((offsets, data))
}
