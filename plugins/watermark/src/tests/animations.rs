//! Animated pictures on the video's time line.

use gif::{Encoder, Frame};
use wasmux_sdk::testing::{ClipPicture, Host, open, picture};

use super::*;

const GIF: &str = "oss://bucket/turning.gif";
/// Luma of white, grey of 128 and black.
const LUMA: [u16; 3] = [235, 126, 16];

/// One picture of 4x4 pixels for each of white, grey and black, with its hundredths of a second.
pub(crate) fn turning(delays: &[(u8, u16)]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 4, 4, &[255, 255, 255, 128, 128, 128, 0, 0, 0]).unwrap();
    for (colour, delay) in delays {
        let frame = Frame { width: 4, height: 4, buffer: vec![*colour; 16].into(), delay: *delay, ..Frame::default() };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    file
}

/// The luma in the middle of the watermark at each of these milliseconds.
fn shown(parameters: &str, milliseconds: &[i64]) -> Vec<u16> {
    let picture = picture(32, 32);
    let parameters = format!(r#"{{"Watermarks":[{{"Type":"file","URI":"{GIF}"{parameters}}}]}}"#);
    let mut filter = open::<WatermarkFilter>(&picture.setup(), &parameters).unwrap();
    let luma = |time: &i64| {
        let mut frame = picture.frame().at(time * 1_000_000);
        filter.process(&mut frame).unwrap();
        frame.sample(0, 1, 1)
    };
    milliseconds.iter().map(luma).collect()
}

#[test]
fn an_animation_loops_from_the_watermarks_start() {
    let host = Host::install();
    host.grant(GIF, turning(&[(0, 10), (1, 20), (2, 5)]));
    let [white, grey, black] = LUMA;
    let times = [0, 99, 100, 299, 300, 349, 350, 449, 450, 699, 3_500, 3_600, 3_000_000_049, 3_000_000_399];
    let want = [white, white, grey, grey, black, black, white, white, grey, black, white, grey, grey, grey];
    assert_eq!(shown("", &times), want);
    let later = times.map(|time| time + 40);
    assert_eq!(shown(r#","StartTime":0.04"#, &later), want);
    host.assert_no_warnings();
}

#[test]
fn times_may_go_back() {
    let host = Host::install();
    host.grant(GIF, turning(&[(0, 10), (1, 20), (2, 5)]));
    let [white, grey, black] = LUMA;
    assert_eq!(shown("", &[320, 0, 120, 1_050, 320]), [black, white, grey, white, black]);
}

#[test]
fn an_animation_ends_where_its_file_is_damaged() {
    let host = Host::install();
    let mut file = turning(&[(0, 10), (1, 20), (2, 5)]);
    let cut = file.len() - 6;
    file.truncate(cut);
    host.grant(GIF, file);
    let [white, grey, _] = LUMA;
    assert_eq!(shown("", &[0, 120, 299, 300, 420, 640]), [white, grey, grey, white, grey, white]);
    host.assert_warned("PictureDamaged", "Watermarks[0].URI");
    assert_eq!(host.warnings().len(), 1);
}

#[test]
fn pictures_may_be_transparent_for_a_time() {
    let host = Host::install();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 4, 4, &[255, 255, 255, 0, 0, 0]).unwrap();
    for colour in [1, 0] {
        let buffer = vec![colour; 16].into();
        let frame = Frame { width: 4, height: 4, buffer, delay: 10, transparent: Some(1), ..Frame::default() };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    host.grant(GIF, file);
    assert_eq!(shown("", &[0, 120]), [16, 235]);
    host.assert_no_warnings();
}

#[test]
fn movies_are_decoded_by_the_host_and_loop() {
    let host = Host::install();
    let pictures = [[255, 255, 255, 255], [0, 0, 0, 0], [0, 0, 0, 255]].map(|pixel| (pixel, 40_000_000));
    let pictures = pictures.map(|(pixel, duration)| ClipPicture { pixels: vec![pixel; 16], duration });
    host.grant_clip(GIF, 4, pictures.to_vec());
    // The second one is transparent over black.
    assert_eq!(shown("", &[0, 39, 40, 79, 80, 119, 120, 159, 160]), [235, 235, 16, 16, 16, 16, 235, 235, 16]);
    assert_eq!(shown(r#","StartTime":0.08"#, &[79, 80, 119, 120, 199, 200]), [16, 235, 235, 16, 16, 235]);
    host.assert_no_warnings();
}

#[test]
fn what_only_looks_like_a_movie_is_an_error() {
    let host = Host::install();
    host.grant(GIF, &b"\0\0\0\x14ftypqt  "[..]);
    let parameters = format!(r#"{{"Watermarks":[{{"Type":"file","URI":"{GIF}"}}]}}"#);
    let error = open::<WatermarkFilter>(&picture(32, 32).setup(), &parameters).err().unwrap();
    assert_eq!((error.code(), error.field_path()), ("ClipUnusable", Some("Watermarks[0].URI")));
}
