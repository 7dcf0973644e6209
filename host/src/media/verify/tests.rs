use crate::media::FileSource;
use std::path::Path;

use super::*;
use crate::media::testing::{Folder, frames, open, raw, transcode};
use crate::media::{Muxer, frame_at, write_png};
use crate::task::{Container, Rotation};

const CLIP: &str = "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:a aac";

fn made(folder: &Folder) -> (MuxReport, Vec<Expectation>) {
    let clip = folder.clip("x.mkv", &format!("{CLIP} -c:v libx264 -pix_fmt yuv420p -metadata title=Two_words"));
    transcode(Box::new(FileSource::open(&clip).unwrap()), &folder.file("out.mp4")).unwrap()
}

/// Copies all streams without decoding.
fn copy(from: &Path, to: &Path) -> Result<MuxReport> {
    let mut demuxer = open(from);
    let mut muxer = Muxer::create(to, Container::Mp4, &demuxer.metadata())?;
    for index in 0..demuxer.streams() {
        muxer.add_stream(demuxer.parameters(index)?)?;
    }
    muxer.start()?;
    while let Some(packet) = demuxer.read()? {
        muxer.write(packet.stream(), packet)?;
    }
    muxer.finish()
}

fn check(report: &MuxReport) -> Result<()> {
    verify(report, &vec![Expectation::default(); report.streams.len()], &Interrupt::default()).map(drop)
}

#[test]
fn a_transcode_is_found_as_it_was_written() {
    let folder = Folder::new();
    let (report, expected) = made(&folder);
    assert_eq!(expected[0].packets, Some(50));
    assert_eq!(report.streams[0].packets, 50);
    let (frames, _) = frames(&report.path);
    assert_eq!(frames.len(), 50);
    let bytes = std::fs::read(&report.path).unwrap();
    let place = |name: &[u8]| bytes.windows(4).position(|window| window == name).unwrap();
    assert!(place(b"moov") < place(b"mdat"), "the index is not in front");
    assert_eq!(open(&report.path).metadata(), [("title".to_owned(), "Two_words".to_owned())]);
}

#[test]
fn the_same_source_makes_the_same_file() {
    let folder = Folder::new();
    let clip = folder.clip("x.mkv", &format!("{CLIP} -c:v libx264"));
    let bytes = |name: &str| {
        let source = Box::new(FileSource::open(&clip).unwrap());
        let (report, _) = transcode(source, &folder.file(name)).unwrap();
        std::fs::read(report.path).unwrap()
    };
    assert!(bytes("a.mp4") == bytes("b.mp4"));
}

#[test]
fn differences_are_named() {
    let folder = Folder::new();
    let (report, expected) = made(&folder);
    let interrupt = Interrupt::default();
    let said = |report: &MuxReport, expected: &[Expectation]| match verify(report, expected, &interrupt) {
        Err(MediaError::Verify(text)) => text,
        other => panic!("{other:?}"),
    };
    let mut wrong = expected.clone();
    wrong[0].packets = Some(51);
    assert!(said(&report, &wrong).contains("50 packets instead of the 51 encoded"));
    wrong[0] = Expectation { packets: None, duration_ns: Some(9_000_000_000) };
    assert!(said(&report, &wrong).contains("instead of the 9.000 s encoded"));
    let mut other = report.clone();
    other.streams[0].size = Some((2, 2));
    assert!(said(&other, &expected).contains("stream 0 is video h264"));
    other.streams.pop();
    assert!(said(&other, &expected[..1]).contains("2 streams instead of 1"));
    assert!(verify(&report, &[], &interrupt).is_err());
}

#[test]
fn a_file_that_was_cut_is_found() {
    let folder = Folder::new();
    let (mut report, expected) = made(&folder);
    let bytes = std::fs::read(&report.path).unwrap();
    std::fs::write(&report.path, &bytes[..bytes.len() / 2]).unwrap();
    let interrupt = Interrupt::default();
    assert!(matches!(verify(&report, &expected, &interrupt), Err(MediaError::Verify(_))));
    report.size = bytes.len() as u64 / 2;
    assert!(matches!(verify(&report, &expected, &interrupt), Err(MediaError::Verify(_))));
    std::fs::remove_file(&report.path).unwrap();
    assert!(matches!(verify(&report, &expected, &interrupt), Err(MediaError::Verify(_))));
}

#[test]
fn streams_are_copied_from_every_container() {
    let folder = Folder::new();
    for name in ["x.ts", "x.mkv", "x.mp4", "x.flv"] {
        let clip = folder.clip(name, &format!("{CLIP} -c:v libx264 -pix_fmt yuv420p"));
        let report = copy(&clip, &folder.file(&format!("{name}.mp4"))).unwrap();
        check(&report).unwrap();
        let (before, after) = (frames(&clip).0, frames(&report.path).0);
        assert_eq!(before.len(), after.len(), "{name}");
        assert!(before.iter().zip(&after).all(|(a, b)| raw(a) == raw(b)), "{name}");
    }
}

#[test]
fn a_copy_keeps_its_rotation() {
    let folder = Folder::new();
    let clip = folder.clip("x.mp4", &format!("{CLIP} -c:v libx264 -pix_fmt yuv420p"));
    let turned = folder.clip("turned.mp4", &format!("-i {} -c copy -metadata:s:v rotate=90", clip.display()));
    let rotate = open(&turned).facts().video_streams[0].rotate;
    assert_ne!(rotate, Rotation::None);
    let report = copy(&turned, &folder.file("copy.mp4")).unwrap();
    assert_eq!(open(&report.path).facts().video_streams[0].rotate, rotate);
    let frame =
        frame_at(&|| Ok(Box::new(FileSource::open(&report.path).unwrap())), 1.0, &Interrupt::default()).unwrap();
    assert_eq!((frame.width(), frame.height()), (120, 160));
}

#[test]
fn what_mp4_cannot_hold_is_refused_by_name() {
    let folder = Folder::new();
    let clip = folder.clip("x.wmv", "-f lavfi -i testsrc2=s=64x64:d=1 -c:v wmv2");
    match copy(&clip, &folder.file("out.mp4")) {
        Err(MediaError::Unsupported(text)) => assert!(text.contains("wmv2"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_that_does_not_exist_is_an_error_of_the_output() {
    let result = Muxer::create(Path::new("/nonexistent/x.mp4"), Container::Mp4, &[]);
    assert!(matches!(result.map(|_| ()), Err(MediaError::Write(_))));
}

#[test]
fn a_still_has_the_right_colours() {
    let folder = Folder::new();
    let clip = folder.clip(
        "x.mp4",
        "-f lavfi -i color=0x20C040:s=64x64:r=25:d=1 -vf scale=out_color_matrix=bt709,format=yuv444p -colorspace bt709 -c:v libx264 -qp 0",
    );
    let interrupt = Interrupt::default();
    let still = |seconds| frame_at(&|| Ok(Box::new(FileSource::open(&clip).unwrap())), seconds, &interrupt).unwrap();
    let png = folder.file("x.png");
    write_png(&still(0.5), &png).unwrap();
    let rgb = crate::media::testing::ffmpeg(&format!("-i {} -f rawvideo -pix_fmt rgb24 -", png.display()));
    assert_eq!(rgb.len(), 64 * 64 * 3);
    assert!(
        rgb[..3].iter().zip([0x20, 0xC0, 0x40]).all(|(found, wanted)| found.abs_diff(wanted) <= 3),
        "{:?}",
        &rgb[..3]
    );
    assert_eq!(still(0.5).time_ns, 480_000_000);
    assert_eq!(still(99.0).time_ns, 960_000_000);
    assert!(write_png(&still(0.0), Path::new("/nonexistent/x.png")).is_err());
}
