//! Files come from a small encoder whose blocks hold one colour and, where asked, one wave.

use super::super::orientation::tests::exif;
use super::super::tests::{replace_each_byte, stills};

/// Where coefficients go: positions in the zigzag order, and values in steps of 8.
type Block = Vec<(usize, i32)>;

/// Bits of a scan, with a zero byte behind each byte of ones.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    kept: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.kept = self.kept << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.kept as u8);
                if self.kept == 0xff {
                    self.bytes.push(0);
                }
                (self.kept, self.count) = (0, 0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0x7f, (8 - self.count) % 8);
        self.bytes
    }

    /// The bits of a number behind its size.
    fn number(&mut self, value: i32) {
        let size = size(value);
        self.put((if value < 0 { value - 1 } else { value }) as u32, size);
    }

    fn dc(&mut self, difference: i32) {
        self.put(size(difference), 4);
        self.number(difference);
    }

    /// Runs of zeros and what ends them, from one coefficient on.
    fn ac(&mut self, block: &Block, low: u32) {
        let mut next = 1;
        for &(at, value) in block.iter().filter(|(at, value)| *at > 0 && value.abs() >> low > 0) {
            let value = (value.abs() >> low) * value.signum();
            while at - next > 15 {
                self.put(symbol(0xf0), 8);
                next += 16;
            }
            self.put(symbol(((at - next) << 4) as u8 | size(value) as u8), 8);
            self.number(value);
            next = at + 1;
        }
        if next < 64 {
            self.put(symbol(0), 8);
        }
    }
}

fn size(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// All symbols of coefficients: their codes of 8 bits are their places.
fn symbols() -> Vec<u8> {
    let of_run = |run: u8| (1..=10).map(move |size| run << 4 | size);
    [0, 0xf0].into_iter().chain((0..16).flat_map(of_run)).collect()
}

fn symbol(symbol: u8) -> u32 {
    symbols().iter().position(|known| *known == symbol).unwrap() as u32
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), data].concat()
}

/// What is encoded.
struct Image<'a> {
    width: u16,
    height: u16,
    /// Columns and rows of blocks in a unit, of each component.
    sampling: &'a [(usize, usize)],
    /// Component, column and row of a block to its coefficients.
    block: &'a dyn Fn(usize, usize, usize) -> Block,
    progressive: bool,
    /// Segments before the frame's.
    before: Vec<Vec<u8>>,
}

impl Image<'_> {
    fn of(block: &dyn Fn(usize, usize, usize) -> Block, components: usize) -> Image<'_> {
        let sampling = &[(1, 1); 4][..components];
        Image { width: 24, height: 16, sampling, block, progressive: false, before: Vec::new() }
    }

    fn encoded(&self) -> Vec<u8> {
        let components = self.sampling.len();
        let mut file = vec![0xff, 0xd8];
        file.extend(self.before.concat());
        let (height, width) = (self.height.to_be_bytes(), self.width.to_be_bytes());
        let mut frame = vec![8, height[0], height[1], width[0], width[1], components as u8];
        for (index, (columns, rows)) in self.sampling.iter().enumerate() {
            frame.extend([index as u8 + 1, (columns << 4 | rows) as u8, 0]);
        }
        file.extend(segment(0xdb, &[&[0], [8; 64].as_slice()].concat()));
        file.extend(segment(if self.progressive { 0xc2 } else { 0xc0 }, &frame));
        let mut dc = vec![0; 17];
        dc[4] = 12;
        dc.extend(0..12);
        let mut ac = vec![0; 17];
        (ac[0], ac[8]) = (0x10, symbols().len() as u8);
        ac.extend(symbols());
        file.extend(segment(0xc4, &[dc, ac].concat()));
        if self.progressive {
            // The lowest bit comes in a scan of its own; of waves, which are even, it is 0.
            file.extend(self.scan(&(0..components).collect::<Vec<_>>(), [0, 0, 1]));
            for component in 0..components {
                file.extend(self.scan(&[component], [1, 63, 0]));
            }
            file.extend(self.scan(&(0..components).collect::<Vec<_>>(), [0, 0, 0x10]));
        } else {
            file.extend(self.scan(&(0..components).collect::<Vec<_>>(), [0, 63, 0]));
        }
        file.extend([0xff, 0xd9]);
        file
    }

    /// The coefficients from the first to the last of some components, above a lowest bit.
    fn scan(&self, components: &[usize], [first, last, bits]: [u8; 3]) -> Vec<u8> {
        let mut header = vec![components.len() as u8];
        header.extend(components.iter().flat_map(|component| [*component as u8 + 1, 0]));
        header.extend([first, last, bits]);
        let mut out = Bits::default();
        let mut before = [0; 4];
        for (component, x, y) in self.order(components) {
            let block = (self.block)(component, x, y);
            let dc = block.iter().find(|(at, _)| *at == 0).map_or(0, |(_, value)| *value);
            match (first, bits) {
                (0, 0x10) => out.put(dc as u32 & 1, 1),
                (0, low) => {
                    let dc = dc >> low;
                    out.dc(dc - before[component]);
                    before[component] = dc;
                    if last > 0 {
                        out.ac(&block, 0);
                    }
                }
                (_, low) => out.ac(&block, low.into()),
            }
        }
        [segment(0xda, &header), out.finish()].concat()
    }

    /// Blocks in the order of a scan: units of all its components, or the blocks that one component needs.
    fn order(&self, components: &[usize]) -> Vec<(usize, usize, usize)> {
        let most = |side: fn(&(usize, usize)) -> usize| self.sampling.iter().map(side).max().unwrap();
        let (columns, rows) = (most(|sampling| sampling.0), most(|sampling| sampling.1));
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        if let [component] = *components {
            let (own_columns, own_rows) = self.sampling[component];
            let x = (width * own_columns).div_ceil(columns).div_ceil(8);
            let y = (height * own_rows).div_ceil(rows).div_ceil(8);
            return (0..y).flat_map(|y| (0..x).map(move |x| (component, x, y))).collect();
        }
        let mut order = Vec::new();
        for (y, x) in (0..height.div_ceil(8 * rows)).flat_map(|y| (0..width.div_ceil(8 * columns)).map(move |x| (y, x)))
        {
            for &component in components {
                let (columns, rows) = self.sampling[component];
                order.extend(
                    (0..rows).flat_map(|row| {
                        (0..columns).map(move |column| (component, x * columns + column, y * rows + row))
                    }),
                );
            }
        }
        order
    }
}

/// A block of one value.
fn flat(value: u8) -> Block {
    vec![(0, i32::from(value) - 128)]
}

/// Adobe's segment: 0 for no transform, 1 for YCbCr, 2 for YCCK.
fn adobe(transform: u8) -> Vec<u8> {
    segment(0xee, &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat())
}

/// The only colour of a picture.
fn colour(image: &Image<'_>) -> [u8; 4] {
    let picture = &stills(&image.encoded()).unwrap()[0];
    assert_eq!((picture.width(), picture.height()), (u32::from(image.width), u32::from(image.height)));
    let first = picture.row(0)[0];
    assert!(picture.pixels().iter().all(|pixel| *pixel == first), "{first:?} is not all");
    first
}

fn near(got: [u8; 4], want: [u8; 3]) -> bool {
    got[3] == 255 && got.iter().zip(want).all(|(got, want)| got.abs_diff(want) <= 2)
}

#[test]
fn grey() {
    assert_eq!(colour(&Image::of(&|_, _, _| flat(77), 1)), [77, 77, 77, 255]);
}

#[test]
fn three_components_are_rgb_where_adobe_says_so() {
    let block = |component: usize, _, _| flat([255, 0, 0][component]);
    let mut image = Image::of(&block, 3);
    image.before = vec![adobe(0)];
    assert_eq!(colour(&image), [255, 0, 0, 255]);
    // The same red.
    let block = |component: usize, _, _| flat([76, 85, 255][component]);
    let mut image = Image::of(&block, 3);
    assert!(near(colour(&image), [255, 0, 0]));
    image.before = vec![adobe(1)];
    assert!(near(colour(&image), [255, 0, 0]));
}

/// Inks from 0 to 255, and what they give on white paper.
const INKS: [([u8; 4], [u8; 3]); 6] = [
    ([0, 0, 0, 0], [255, 255, 255]),
    ([0, 0, 0, 255], [0, 0, 0]),
    ([255, 0, 0, 0], [0, 255, 255]),
    ([0, 255, 255, 0], [255, 0, 0]),
    ([51, 102, 153, 0], [204, 153, 102]),
    ([51, 102, 153, 127], [102, 77, 51]),
];

#[test]
fn inks() {
    for (inks, want) in INKS {
        let block = |component: usize, _, _| flat(255 - inks[component]);
        for marker in [vec![], vec![adobe(0)]] {
            for progressive in [false, true] {
                let mut image = Image::of(&block, 4);
                (image.before, image.progressive) = (marker.clone(), progressive);
                let got = colour(&image);
                assert!(near(got, want), "{inks:?} became {got:?}");
            }
        }
    }
}

#[test]
fn transformed_inks() {
    for (inks, want) in INKS {
        // YCbCr of the three inks, which counts from ink and not from paper.
        let [red, green, blue] = [inks[0], inks[1], inks[2]].map(f64::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        let chroma = |channel: f64, range: f64| (128.0 + (channel - luma) / range).clamp(0.0, 255.0).round() as u8;
        let stored = [luma.round() as u8, chroma(blue, 1.772), chroma(red, 1.402), 255 - inks[3]];
        let block = |component: usize, _, _| flat(stored[component]);
        for sampling in [[(1, 1); 4], [(2, 2), (1, 1), (1, 1), (2, 2)]] {
            for (progressive, width) in [(false, 24), (true, 24), (false, 13), (true, 37)] {
                let mut image = Image::of(&block, 4);
                (image.before, image.sampling, image.progressive) = (vec![adobe(2)], &sampling, progressive);
                image.width = width;
                let got = colour(&image);
                assert!(near(got, want), "{inks:?} of {sampling:?} became {got:?}");
            }
        }
    }
}

#[test]
fn progressive_is_the_same_as_baseline() {
    for (components, sampling) in [(1, vec![(1, 1)]), (3, vec![(1, 1); 3]), (3, vec![(2, 2), (1, 1), (1, 1)])] {
        let block = |component: usize, x: usize, y: usize| {
            let dc = (x * 29 + y * 53 + component * 17) as i32 % 120 - 60;
            vec![(0, dc), (1 + (x + 7 * y) % 63, 2 * ((x as i32 * 5 + y as i32 * 3) % 20 - 10))]
        };
        let mut image = Image { sampling: &sampling, width: 45, height: 35, ..Image::of(&block, components) };
        let baseline = stills(&image.encoded()).unwrap();
        image.progressive = true;
        assert_eq!(stills(&image.encoded()).unwrap(), baseline, "{sampling:?}");
        let pixels = baseline[0].pixels();
        assert!(pixels.iter().filter(|pixel| **pixel != pixels[0]).count() > pixels.len() / 2);
    }
}

#[test]
fn the_orientation_is_applied() {
    // One letter a block: A to F of the orientation's tests.
    let grey = |_: usize, x: usize, y: usize| flat(20 + 40 * (x + 3 * y) as u8);
    let want = ["ABC/DEF", "CBA/FED", "FED/CBA", "DEF/ABC", "AD/BE/CF", "DA/EB/FC", "FC/EB/DA", "CF/BE/AD"];
    for (orientation, want) in (1..).zip(want) {
        for big in [false, true] {
            let exif = [b"Exif\0\0".as_slice(), &exif(big, orientation)].concat();
            let image = Image { before: vec![segment(0xe1, &exif)], ..Image::of(&grey, 1) };
            let picture = &stills(&image.encoded()).unwrap()[0];
            let rows: Vec<String> = (0..picture.height() / 8)
                .map(|y| {
                    let row = picture.row(y * 8 + 4).iter().skip(4).step_by(8);
                    row.map(|pixel| char::from(b'A' + (pixel[0] - 20) / 40)).collect()
                })
                .collect();
            assert_eq!(rows.join("/"), want, "{orientation}");
            assert_eq!((picture.width() as usize, picture.height() as usize), (rows[0].len() * 8, rows.len() * 8));
        }
    }
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    assert_eq!(stills(b"\xff\xd8\xff\xe0 no more").unwrap_err().code(), "PictureDamaged");
    let exif = segment(0xe1, &[b"Exif\0\0".as_slice(), &exif(true, 6)].concat());
    for (progressive, components) in [(false, 1), (false, 4), (true, 3)] {
        let image = Image {
            before: vec![exif.clone(), adobe(components / 2)],
            progressive,
            ..Image::of(&|_, x, _| vec![(0, 9), (3 + x, 4)], components.into())
        };
        replace_each_byte(&image.encoded());
    }
}
