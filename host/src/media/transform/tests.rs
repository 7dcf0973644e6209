use proptest::prelude::*;

use super::*;
use crate::media::testing::{Folder, aac, ffmpeg, frames, picture, raw, resolved};
use crate::media::{AudioDecoder, Frame, MediaError, VideoClock};
use crate::task::resolved::Pad;
use crate::task::{Colour, Picture, PixelFormat, Rational, Rect, ResolvedVideo, Rotation};

fn rate(num: i32, den: i32) -> VideoClock {
    VideoClock::constant(Rational::new(num, den).unwrap()).unwrap()
}

fn run(transform: &mut VideoTransform, input: Vec<Frame>) -> Vec<Frame> {
    let mut out = Vec::new();
    for frame in input.into_iter().map(Some).chain([None]) {
        transform
            .send(frame, &mut |frame| {
                out.push(frame);
                Ok(())
            })
            .unwrap();
    }
    out
}

/// A black frame with one light sample.
fn marked(width: u32, height: u32, x: u32, y: u32) -> Frame {
    let mut frame = Frame::blank(&picture(width, height, PixelFormat::Yuv444p), 0, 40_000_000, 0).unwrap();
    frame.write_rect(0, Rect { x, y, width: 1, height: 1 }, &[235]).unwrap();
    frame
}

fn lightest(frame: &Frame) -> (u32, u32) {
    let luma = &raw(frame)[..(frame.width() * frame.height()) as usize];
    let at = luma.iter().enumerate().max_by_key(|(_, sample)| **sample).unwrap().0 as u32;
    (at % frame.width(), at / frame.width())
}

fn target(resolved: &ResolvedVideo) -> VideoTransform {
    let size = resolved.size();
    let picture = picture(size.width, size.height, resolved.pixel_format);
    VideoTransform::new(resolved, &picture, rate(25, 1))
}

#[test]
fn what_is_right_passes_without_a_copy() {
    let frame = marked(8, 6, 1, 1);
    let before = frame.video().data(0).as_ptr();
    let out = run(&mut target(&resolved(8, 6, PixelFormat::Yuv444p)), vec![frame]);
    assert_eq!(out[0].video().data(0).as_ptr(), before);
}

#[test]
fn rotation_is_clockwise() {
    for (rotation, size, place) in [
        (Rotation::Quarter, (6, 8), (4, 2)),
        (Rotation::Half, (8, 6), (5, 4)),
        (Rotation::ThreeQuarters, (6, 8), (1, 5)),
    ] {
        let resolved = ResolvedVideo { rotation, ..resolved(size.0, size.1, PixelFormat::Yuv444p) };
        let out = run(&mut target(&resolved), vec![marked(8, 6, 2, 1)]);
        assert_eq!((out[0].width(), out[0].height()), size);
        assert_eq!(lightest(&out[0]), place, "{rotation:?}");
    }
}

#[test]
fn mirroring_comes_before_rotation() {
    for (rotation, size, place) in [
        (Rotation::None, (8, 6), (5, 1)),
        (Rotation::Quarter, (6, 8), (4, 5)),
        (Rotation::Half, (8, 6), (2, 4)),
        (Rotation::ThreeQuarters, (6, 8), (1, 2)),
    ] {
        let resolved = ResolvedVideo { rotation, mirror: true, ..resolved(size.0, size.1, PixelFormat::Yuv444p) };
        let out = run(&mut target(&resolved), vec![marked(8, 6, 2, 1)]);
        assert_eq!(lightest(&out[0]), place, "{rotation:?}");
    }
}

#[test]
fn fields_become_pictures_as_by_the_command() {
    let folder = Folder::new();
    let make =
        "-f lavfi -i testsrc2=s=320x180:r=50:d=0.6 -vf interlace=scan=tff -c:v mpeg2video -q:v 2 -flags +ildct+ilme";
    let clip = folder.clip("x.mpg", make);
    let (input, clock) = frames(&clip);
    let (count, times) = (input.len(), input.iter().map(|frame| frame.time_ns).collect::<Vec<_>>());
    let wanted = ffmpeg(&format!("-i {} -vf bwdif=mode=0:deint=1 -f rawvideo -", clip.display()));
    let resolved = ResolvedVideo { deinterlace: true, ..resolved(320, 180, PixelFormat::Yuv420p) };
    let mut transform = VideoTransform::new(&resolved, &picture(320, 180, PixelFormat::Yuv420p), clock);
    let out = run(&mut transform, input);
    assert_eq!(out.len(), count);
    assert_eq!(out.iter().map(|frame| frame.time_ns).collect::<Vec<_>>(), times);
    assert!(out.iter().flat_map(raw).eq(wanted), "the samples differ");
}

#[test]
fn high_dynamic_range_is_mapped_and_not_cut() {
    let shade = |luma: u16| {
        let mut frame = Frame::blank(&picture(16, 16, PixelFormat::Yuv420p10le), 0, 1, 0).unwrap();
        let samples: Vec<u8> = luma.to_le_bytes().repeat(256);
        frame.write_rect(0, Rect { x: 0, y: 0, width: 16, height: 16 }, &samples).unwrap();
        let colour = Colour { primaries: 9, transfer: 16, matrix: 9, ..Colour::UNSPECIFIED };
        frame.set_look(&colour, (1, 1));
        frame
    };
    let resolved = ResolvedVideo { tone_map: true, ..resolved(16, 16, PixelFormat::Yuv420p) };
    let picture = Picture { colour: Colour::BT709, ..picture(16, 16, PixelFormat::Yuv420p) };
    let mapped = |luma: u16| {
        let out = run(&mut VideoTransform::new(&resolved, &picture, rate(25, 1)), vec![shade(luma)]);
        let samples = raw(&out[0]);
        assert!(samples[256..].iter().all(|chroma| chroma.abs_diff(128) <= 1), "grey stays grey");
        assert_eq!(crate::media::ffi::properties(out[0].video()).transfer, 1);
        samples[0]
    };
    // 10-bit code values of 1, 10, 100 and 1000 cd/m2, which is the peak where a source does not tell its own.
    let lumas = [195, 326, 509, 723].map(mapped);
    assert!(lumas.windows(2).all(|pair| pair[0] < pair[1]) && lumas[0] > 16 && lumas[3] <= 236, "{lumas:?}");
    assert!(lumas[2] > 90 && lumas[2] < 200, "{lumas:?}");
}

#[test]
fn cropping_and_padding_place_the_picture() {
    let crop = Some(Rect { x: 2, y: 1, width: 4, height: 4 });
    let out =
        run(&mut target(&ResolvedVideo { crop, ..resolved(8, 6, PixelFormat::Yuv444p) }), vec![marked(8, 6, 3, 3)]);
    assert_eq!((out[0].width(), out[0].height(), lightest(&out[0])), (4, 4, (1, 2)));
    let pad = Some(Pad { x: 3, y: 1, width: 20, height: 10 });
    let out =
        run(&mut target(&ResolvedVideo { pad, ..resolved(8, 6, PixelFormat::Yuv444p) }), vec![marked(8, 6, 3, 3)]);
    assert_eq!((out[0].width(), out[0].height(), lightest(&out[0])), (20, 10, (6, 4)));
    assert_eq!(raw(&out[0])[0], 16);
}

#[test]
fn scaling_is_that_of_the_command() {
    let folder = Folder::new();
    let clip = folder.clip("x.mp4", "-f lavfi -i testsrc2=s=320x180:r=25:d=0.4 -c:v libx264 -pix_fmt yuv420p");
    let (input, clock) = frames(&clip);
    let count = input.len();
    let wanted = ffmpeg(&format!("-i {} -vf scale=214:120 -pix_fmt yuv422p -f rawvideo -", clip.display()));
    let picture = picture(214, 120, PixelFormat::Yuv422p);
    let mut transform = VideoTransform::new(&resolved(214, 120, PixelFormat::Yuv422p), &picture, clock);
    let out = run(&mut transform, input);
    assert_eq!((out.len(), out.len()), (count, 10));
    assert!(out.iter().flat_map(raw).eq(wanted), "the samples differ");
    assert!(out.iter().enumerate().all(|(at, frame)| frame.index == at as u64 && frame.duration_ns == 40_000_000));
}

#[test]
fn halving_the_rate_takes_every_second_frame() {
    let numbered = |count: i64| {
        let frame = |at: i64| {
            let time = crate::media::clock::to_ns(at, Rational::new(1, 60).unwrap());
            let mut frame = Frame::blank(&picture(2, 2, PixelFormat::Yuv420p), time, 16_666_667, 0).unwrap();
            frame.write_rect(0, Rect { x: 0, y: 0, width: 1, height: 1 }, &[at as u8]).unwrap();
            frame
        };
        (0..count).map(frame).collect::<Vec<_>>()
    };
    let wanted = Rational::new(30, 1);
    let resolved = ResolvedVideo { frame_rate: wanted, ..resolved(2, 2, PixelFormat::Yuv420p) };
    let mut transform = VideoTransform::new(&resolved, &picture(2, 2, PixelFormat::Yuv420p), rate(60, 1));
    assert_eq!(transform.clock().rate, wanted);
    let out = run(&mut transform, numbered(120));
    assert_eq!(out.len(), 60);
    let steps: Vec<_> = out.windows(2).map(|pair| raw(&pair[1])[0] - raw(&pair[0])[0]).collect();
    assert!(steps[1..].iter().all(|step| *step == 2), "{steps:?}");
    assert_eq!(out[30].time_ns, 1_000_000_000);
    assert_eq!(out[30].duration_ns, 33_333_333);
}

#[test]
fn a_jump_of_hours_is_not_filled() {
    let mut late = marked(8, 6, 0, 0);
    late.time_ns = 10_000 * 1_000_000_000;
    let resolved = ResolvedVideo { frame_rate: Rational::new(25, 1), ..resolved(8, 6, PixelFormat::Yuv444p) };
    let mut transform = target(&resolved);
    transform.send(Some(marked(8, 6, 0, 0)), &mut |_| Ok(())).unwrap();
    assert!(matches!(transform.send(Some(late), &mut |_| Ok(())), Err(MediaError::Damaged(_))));
}

#[test]
fn a_size_that_changes_within_a_stream_is_followed() {
    let mut second = Frame::blank(&picture(30, 20, PixelFormat::Yuv420p10le), 40_000_000, 40_000_000, 1).unwrap();
    second.index = 1;
    let out = run(&mut target(&resolved(16, 12, PixelFormat::Yuv444p)), vec![marked(8, 6, 0, 0), second]);
    assert_eq!(out.len(), 2);
    assert!(out.iter().all(|frame| (frame.width(), frame.height()) == (16, 12)));
    assert_eq!(out[1].time_ns, 40_000_000);
}

#[test]
fn a_change_of_range_keeps_black_black() {
    let mut full = picture(8, 8, PixelFormat::Yuv420p);
    full.colour.full_range = true;
    let frame = Frame::blank(&full, 0, 0, 0).unwrap();
    assert_eq!(raw(&frame)[0], 0);
    let out = run(&mut target(&resolved(8, 8, PixelFormat::Yuv420p)), vec![frame]);
    assert_eq!(raw(&out[0])[0], 16);
    assert_eq!(crate::media::ffi::properties(out[0].video()).range, 1);
}

#[test]
fn rgb_becomes_yuv_of_the_matrix_that_is_stated() {
    let folder = Folder::new();
    let clip = folder.clip("x.mkv", "-f lavfi -i color=red:s=32x32:r=25:d=0.1,format=rgb24 -c:v ffv1 -pix_fmt bgr0");
    let (input, clock) = frames(&clip);
    let mut picture = picture(32, 32, PixelFormat::Yuv444p);
    picture.colour.matrix = 1;
    let mut transform = VideoTransform::new(&resolved(32, 32, PixelFormat::Yuv444p), &picture, clock);
    let out = run(&mut transform, input);
    // Red in BT.709, limited range.
    assert!(raw(&out[0])[0].abs_diff(63) <= 1, "{}", raw(&out[0])[0]);
}

/// Frames and samples that come out of a file's sound.
fn sounds(path: &std::path::Path, rate: u32, channels: u16) -> Vec<usize> {
    let mut demuxer = crate::media::testing::open(path);
    let index = demuxer.facts().audio_streams[0].index;
    let mut decoder = AudioDecoder::open(&demuxer.parameters(index).unwrap()).unwrap();
    let mut transform = AudioTransform::new(&aac(rate, channels), 1024).unwrap();
    let mut sizes = Vec::new();
    let mut keep = |frame: EncoderSamples| {
        sizes.push(frame.samples());
        Ok(())
    };
    loop {
        let packet = demuxer.read().unwrap();
        decoder.send(packet.as_ref(), &mut |frame| transform.send(Some(frame), &mut keep)).unwrap();
        if packet.is_none() {
            transform.send(None, &mut keep).unwrap();
            return sizes;
        }
    }
}

#[test]
fn sound_is_resampled_into_frames_of_the_encoder() {
    let folder = Folder::new();
    let clip = folder.clip("x.flac", "-f lavfi -i sine=r=44100:d=2 -ac 1");
    let sizes = sounds(&clip, 48_000, 2);
    assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == 1024));
    let all: usize = sizes.iter().sum();
    assert!(all.abs_diff(96_000) < 50, "{all}");
}

#[test]
fn a_sound_that_changes_within_a_stream_still_makes_whole_frames() {
    let folder = Folder::new();
    let mut bytes = std::fs::read(folder.clip("a.aac", "-f lavfi -i sine=r=44100:d=1 -ac 1")).unwrap();
    bytes.extend(std::fs::read(folder.clip("b.aac", "-f lavfi -i sine=r=48000:d=1 -ac 2")).unwrap());
    let both = folder.file("both.aac");
    std::fs::write(&both, bytes).unwrap();
    let sizes = sounds(&both, 48_000, 2);
    assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == 1024));
    assert!(sizes.iter().sum::<usize>() > 80_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_geometry_results_in_its_size(
        width in 16u32..80, height in 16u32..80, out_width in 8u32..50, out_height in 8u32..50,
        rotation in prop::sample::select(vec![Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters]),
        format in prop::sample::select(PixelFormat::ALL.to_vec()), source in prop::sample::select(PixelFormat::ALL.to_vec()),
        margin in 0u32..8, crops: bool,
    ) {
        let (w, h) = (out_width * 2, out_height * 2);
        let mut wanted = ResolvedVideo { rotation, ..resolved(w, h, format) };
        if crops {
            let cut = margin.min(out_width - 4).min(out_height - 4) * 2;
            wanted.crop = Some(Rect { x: cut / 2 / 2 * 2, y: 0, width: w - cut, height: h - cut });
        } else {
            wanted.pad = Some(Pad { x: margin * 2, y: margin * 2, width: w + margin * 4, height: h + margin * 4 });
        }
        let size = wanted.size();
        let frame = Frame::blank(&picture(width, height, source), 0, 1, 0).unwrap();
        let out = run(&mut target(&wanted), vec![frame]);
        prop_assert_eq!((out[0].width(), out[0].height()), (size.width, size.height));
        prop_assert_eq!(out[0].pixel_format(), Some(format));
    }
}
