use png::{BitDepth, BlendOp, ColorType, DisposeOp, Encoder};

use super::super::tests::{animation, replace_each_byte, stills};

fn encoded(colour: ColorType, depth: BitDepth, palette: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 2, 1);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
        encoder.set_trns(&[255, 9][..]);
    }
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    file
}

#[test]
fn every_colour_type() {
    let pixels = |file: &[u8]| stills(file).unwrap()[0].pixels().to_vec();
    let grey = [[7, 7, 7, 255], [200, 200, 200, 255]];
    assert_eq!(pixels(&encoded(ColorType::Grayscale, BitDepth::Eight, None, &[7, 200])), grey);
    let bits = encoded(ColorType::Grayscale, BitDepth::One, None, &[0b0100_0000]);
    assert_eq!(pixels(&bits), [[0, 0, 0, 255], [255; 4]]);
    let alpha = encoded(ColorType::GrayscaleAlpha, BitDepth::Eight, None, &[7, 8, 200, 0]);
    assert_eq!(pixels(&alpha), [[7, 7, 7, 8], [200, 200, 200, 0]]);
    let rgb = encoded(ColorType::Rgb, BitDepth::Eight, None, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(pixels(&rgb), [[1, 2, 3, 255], [4, 5, 6, 255]]);
    let rgba = encoded(ColorType::Rgba, BitDepth::Eight, None, &[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(pixels(&rgba), [[1, 2, 3, 4], [5, 6, 7, 8]]);
    let indexed = encoded(ColorType::Indexed, BitDepth::Eight, Some(&[1, 2, 3, 4, 5, 6]), &[1, 0]);
    assert_eq!(pixels(&indexed), [[4, 5, 6, 9], [1, 2, 3, 255]]);
}

#[test]
fn one_colour_can_be_transparent() {
    let with = |colour, key: &[u8], data: &[u8]| {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 2, 1);
        encoder.set_color(colour);
        encoder.set_trns(key.to_vec());
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        stills(&file).unwrap()[0].pixels().to_vec()
    };
    assert_eq!(with(ColorType::Grayscale, &[0, 7], &[7, 8]), [[7, 7, 7, 0], [8, 8, 8, 255]]);
    let rgb = with(ColorType::Rgb, &[0, 1, 0, 2, 0, 3], &[1, 2, 3, 1, 2, 4]);
    assert_eq!(rgb, [[1, 2, 3, 0], [1, 2, 4, 255]]);
}

#[test]
fn sixteen_bits_are_rounded() {
    let pixels = |colour, samples: &[u16]| {
        let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
        stills(&encoded(colour, BitDepth::Sixteen, None, &data)).unwrap()[0].pixels().to_vec()
    };
    let grey = |samples| pixels(ColorType::Grayscale, samples).iter().map(|pixel| pixel[0]).collect::<Vec<_>>();
    // Of the 257 values of each step the nearest 128 go down and as many up.
    assert_eq!(grey(&[128, 129]), [0, 1]);
    assert_eq!(grey(&[200 * 257 - 128, 200 * 257 + 128]), [200, 200]);
    assert_eq!(grey(&[200 * 257 - 129, 200 * 257 + 129]), [199, 201]);
    assert_eq!(grey(&[0xfffe, 0xffff]), [255, 255]);
    let samples = [257, 514, 771, 0xff00, 0x00ff, 0x0080, 0x0081, 0xff7f];
    assert_eq!(pixels(ColorType::Rgba, &samples), [[1, 2, 3, 254], [1, 0, 1, 255]]);
    assert_eq!(pixels(ColorType::Rgb, &samples[..6]), [[1, 2, 3, 255], [254, 1, 0, 255]]);
    assert_eq!(pixels(ColorType::GrayscaleAlpha, &samples[..4]), [[1, 1, 1, 2], [3, 3, 3, 254]]);
}

#[test]
fn one_colour_of_sixteen_bits_is_compared_before_it_is_rounded() {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 2, 1);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Sixteen);
    encoder.set_trns(vec![1, 1]);
    encoder.write_header().unwrap().write_image_data(&[1, 1, 1, 2]).unwrap();
    assert_eq!(stills(&file).unwrap()[0].pixels(), [[1, 1, 1, 0], [1, 1, 1, 255]]);
}

#[test]
fn what_is_said_about_colours_is_ignored() {
    let plain = encoded(ColorType::Grayscale, BitDepth::Eight, None, &[7, 200]);
    let mut with = plain[..33].to_vec();
    with.extend(chunk(b"gAMA", &100_000_u32.to_be_bytes()));
    with.extend_from_slice(&plain[33..]);
    assert_eq!(stills(&with).unwrap(), stills(&plain).unwrap());
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name, data].concat();
    let crc = body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    [u32::try_from(data.len()).unwrap().to_be_bytes().as_slice(), &body, &(!crc).to_be_bytes()].concat()
}

/// An interlaced grey picture, whose data are stored and not compressed.
fn interlaced(width: usize, height: usize, bits: u8, grey: impl Fn(usize, usize) -> u16) -> Vec<u8> {
    let mut rows = Vec::new();
    for (left, top, right, down) in
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    {
        for y in (top..height).step_by(down).filter(|_| left < width) {
            rows.push(0);
            let samples = (left..width).step_by(right).map(|x| grey(x, y).to_be_bytes());
            rows.extend(samples.flat_map(|sample| sample[2 - usize::from(bits / 8)..].to_vec()));
        }
    }
    let length = u16::try_from(rows.len()).unwrap();
    let sums = rows.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (a + b) % 65521)
    });
    let zlib = [
        [0x78, 0x01, 1].as_slice(),
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        &rows,
        &(sums.1 << 16 | sums.0).to_be_bytes(),
    ]
    .concat();
    let side = |side: usize| u32::try_from(side).unwrap().to_be_bytes();
    let header = [side(width).as_slice(), &side(height), &[bits, 0, 0, 0, 1]].concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &chunk(b"IDAT", &zlib), &chunk(b"IEND", &[])].concat()
}

#[test]
fn interlaced_rows_come_to_their_places() {
    for (width, height) in [(1, 1), (2, 1), (3, 9), (8, 8), (13, 11)] {
        let grey = |x: usize, y: usize| u16::try_from(x * 16 + y * 5).unwrap();
        for bits in [8, 16] {
            let file =
                interlaced(width, height, bits, |x, y| if bits == 8 { grey(x, y) } else { grey(x, y) * 257 + 9 });
            let picture = &stills(&file).unwrap()[0];
            for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                let got = picture.row(u32::try_from(y).unwrap())[x];
                assert_eq!((u16::from(got[0]), got[3]), (grey(x, y), 255), "{x},{y} of {width}x{height}, {bits} bits");
            }
        }
    }
}

/// Parts of one row on a canvas of 3 x 1: where they lie, their pixels.
fn animated(parts: &[(u32, &[[u8; 4]])], dispose: DisposeOp, blend: BlendOp, separate: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 3, 1);
    encoder.set_color(ColorType::Rgba);
    encoder.set_animated(u32::try_from(parts.len()).unwrap(), 0).unwrap();
    encoder.set_sep_def_img(separate).unwrap();
    encoder.set_frame_delay(3, 50).unwrap();
    encoder.set_dispose_op(dispose).unwrap();
    encoder.set_blend_op(blend).unwrap();
    let mut writer = encoder.write_header().unwrap();
    if separate {
        writer.write_image_data(&[99; 12]).unwrap();
    }
    for (index, (left, pixels)) in parts.iter().enumerate() {
        // The first one is the canvas unless the file's still picture is.
        if index > 0 || separate {
            writer.set_frame_dimension(u32::try_from(pixels.len()).unwrap(), 1).unwrap();
            writer.set_frame_position(*left, 0).unwrap();
        }
        writer.write_image_data(pixels.as_flattened()).unwrap();
    }
    writer.finish().unwrap();
    file
}

const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];

#[test]
fn animations_are_laid_over_each_other_as_the_file_says() {
    let parts: [(u32, &[[u8; 4]]); 3] = [(0, &[RED; 3]), (1, &[GREEN, [0; 4]]), (0, &[GREEN])];
    for separate in [false, true] {
        for (dispose, blend, second, third) in [
            (DisposeOp::None, BlendOp::Over, [RED, GREEN, RED], [GREEN, GREEN, RED]),
            (DisposeOp::None, BlendOp::Source, [RED, GREEN, [0; 4]], [GREEN, GREEN, [0; 4]]),
            (DisposeOp::Background, BlendOp::Over, [[0; 4], GREEN, [0; 4]], [GREEN, [0; 4], [0; 4]]),
            (DisposeOp::Previous, BlendOp::Source, [[0; 4], GREEN, [0; 4]], [GREEN, [0; 4], [0; 4]]),
        ] {
            let pictures = animation(&animated(&parts, dispose, blend, separate)).unwrap();
            let rows: Vec<_> = pictures.iter().map(|(bitmap, _)| bitmap.row(0).to_vec()).collect();
            assert_eq!(rows, [[RED; 3], second, third], "{dispose:?} {blend:?} {separate}");
            assert!(pictures.iter().all(|(_, nanos)| *nanos == 60_000_000));
        }
    }
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let good = encoded(ColorType::Indexed, BitDepth::Eight, Some(&[1, 2, 3, 4, 5, 6]), &[1, 0]);
    assert_eq!(stills(&good[..40]).unwrap_err().code(), "PictureDamaged");
    replace_each_byte(&good);
    replace_each_byte(&interlaced(3, 4, 16, |x, y| (x + y) as u16));
    replace_each_byte(&animated(&[(0, &[RED; 3]), (1, &[GREEN])], DisposeOp::Previous, BlendOp::Over, true));
}

#[test]
fn a_canvas_over_the_limit_is_refused() {
    let mut large = Vec::new();
    let mut encoder = Encoder::new(&mut large, 4097, 1);
    encoder.set_color(ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[0; 4097]).unwrap();
    assert_eq!(stills(&large).unwrap_err().code(), "PictureTooLarge");
}
