use std::io::{self, Cursor, Read, Seek, SeekFrom};

use proptest::prelude::*;

use super::*;
use crate::media::testing::{Folder, open, transcode};
use crate::media::{FileSource, Frame, VideoDecoder};
use crate::task::Rotation;

const CLIP: &str = "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:a aac";

fn memory(bytes: Vec<u8>) -> Result<Demuxer> {
    Demuxer::open(Box::new(Cursor::new(bytes)), &Interrupt::default())
}

/// Reads everything; the answer is how it ended.
fn drain(demuxer: &mut Demuxer) -> Result<SourceHealth> {
    while demuxer.read()?.is_some() {}
    Ok(demuxer.health())
}

#[test]
fn what_is_no_media_is_refused_with_a_reason() {
    let playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n".to_vec();
    let concat = b"ffconcat version 1.0\nfile '/etc/passwd'\n".to_vec();
    let noise: Vec<u8> = (0..50_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (bytes, reason) in [
        (Vec::new(), "empty"),
        (vec![0; 100_000], ""),
        (noise, ""),
        (b"hello".to_vec(), ""),
        (playlist, "its container is none of"),
        (concat, "its container is none of"),
    ] {
        match memory(bytes).map(|demuxer| demuxer.facts().clone()) {
            Err(MediaError::NotMedia(text)) => assert!(text.contains(reason), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn raw_streams_and_pictures_are_refused() {
    let folder = Folder::new();
    for (name, arguments) in [
        ("x.h264", "-f lavfi -i testsrc2=s=64x64:d=1 -c:v libx264"),
        ("x.png", "-f lavfi -i testsrc2=s=64x64 -frames:v 1"),
    ] {
        let path = folder.clip(name, arguments);
        let error = memory(std::fs::read(path).unwrap()).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("its container is none of"), "{error}");
    }
}

#[test]
fn facts_are_read() {
    let folder = Folder::new();
    let path = folder.clip(
        "x.mp4",
        &format!("{CLIP} -c:v libx264 -pix_fmt yuv420p -vf setsar=4/3 -color_primaries bt709 -color_trc bt709 -colorspace bt709 \
                  -metadata:s:a language=deu -metadata title=Test"),
    );
    let demuxer = open(&path);
    let facts = demuxer.facts();
    let video = &facts.video_streams[0];
    assert_eq!((video.width, video.height, video.codec_name.as_str()), (160, 120, "h264"));
    assert_eq!(video.sample_aspect_ratio.to_string(), "4/3");
    assert_eq!(video.constant_rate().unwrap().to_string(), "25/1");
    assert_eq!((video.colour.primaries, video.colour.transfer, video.colour.matrix), (1, 1, 1));
    assert_eq!((video.frame_count, video.bit_depth, video.interlaced), (Some(50), 8, false));
    assert_eq!(video.rotate, Rotation::None);
    let audio = &facts.audio_streams[0];
    assert_eq!((audio.sample_rate, audio.channels, audio.channel_layout.as_str()), (48_000, 1, "mono"));
    assert_eq!(audio.language.as_deref(), Some("deu"));
    assert_eq!(facts.size, std::fs::metadata(&path).unwrap().len());
    assert!((facts.duration.unwrap() - 2.0).abs() < 0.1);
    assert_eq!(demuxer.metadata(), [("title".to_owned(), "Test".to_owned())]);
}

#[test]
fn covers_are_no_video_and_unknown_bitrates_are_estimated() {
    let folder = Folder::new();
    let path = folder.clip("x.mkv", &format!("{CLIP} -c:v libx264"));
    let facts = open(&path).facts().clone();
    let (bits, duration) = (facts.size as f64 * 8.0, facts.duration.unwrap());
    assert!((facts.video_streams[0].bitrate.unwrap() as f64 - bits / duration).abs() < 2.0);
    let cover = folder.clip("cover.png", "-f lavfi -i testsrc2=s=64x64 -frames:v 1");
    let sound =
        format!("-f lavfi -i sine=d=1 -i {} -map 0 -map 1 -c:v copy -disposition:v attached_pic", cover.display());
    let facts = open(&folder.clip("x.m4a", &sound)).facts().clone();
    assert!(facts.video_streams.is_empty());
    assert_eq!(facts.audio_streams.len(), 1);
}

#[test]
fn times_start_at_zero() {
    let folder = Folder::new();
    let path = folder.clip("x.ts", &format!("{CLIP} -c:v mpeg2video -output_ts_offset 5000"));
    let mut demuxer = open(&path);
    assert!(demuxer.facts().start_time.unwrap() > 4999.0);
    let mut first = i64::MAX;
    while let Some(packet) = demuxer.read().unwrap() {
        first = first.min(packet.time_ns().unwrap());
    }
    assert!((0..50_000_000).contains(&first), "{first}");
}

#[test]
fn a_splice_of_a_transport_stream_is_joined() {
    let folder = Folder::new();
    let mut bytes =
        std::fs::read(folder.clip("a.ts", &format!("{CLIP} -c:v mpeg2video -output_ts_offset 100"))).unwrap();
    bytes
        .extend(std::fs::read(folder.clip("b.ts", &format!("{CLIP} -c:v mpeg2video -output_ts_offset 9000"))).unwrap());
    let mut demuxer = memory(bytes).unwrap();
    let (mut last, mut packets) = (0, 0);
    while let Some(packet) = demuxer.read().unwrap() {
        last = last.max(packet.time_ns().unwrap_or(0));
        packets += 1;
    }
    assert!(packets > 100);
    assert!((3_500_000_000..6_000_000_000).contains(&last), "{last}");
}

#[test]
fn a_file_that_ends_early_shows_it() {
    let folder = Folder::new();
    let whole = std::fs::read(folder.clip("x.mp4", &format!("{CLIP} -c:v libx264 -movflags +faststart"))).unwrap();
    assert_eq!(drain(&mut memory(whole.clone()).unwrap()).unwrap().missing_ns(), None);
    let half = whole[..whole.len() * 6 / 10].to_vec();
    let health = drain(&mut memory(half).unwrap()).unwrap();
    assert!(health.missing_ns().unwrap() > 400_000_000, "{health:?}");
    assert_eq!(health.reached_bytes, health.size);
}

/// Fails after so many bytes.
struct Breaks(Cursor<Vec<u8>>, u64);

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.position() >= self.1 {
            return Err(io::Error::other("the line is dead"));
        }
        let most = buffer.len().min(4096);
        self.0.read(&mut buffer[..most])
    }
}

impl Seek for Breaks {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.0.seek(place)
    }
}

impl ByteSource for Breaks {
    fn size(&self) -> u64 {
        self.0.get_ref().len() as u64
    }
}

#[test]
fn a_failing_reader_is_no_end_of_file() {
    let folder = Folder::new();
    let bytes = std::fs::read(folder.clip("x.mp4", &format!("{CLIP} -c:v libx264 -movflags +faststart"))).unwrap();
    let limit = bytes.len() as u64 - 5000;
    let source = Breaks(Cursor::new(bytes), limit);
    let result = Demuxer::open(Box::new(source), &Interrupt::default()).and_then(|mut demuxer| drain(&mut demuxer));
    match result {
        Err(MediaError::Read(text)) => assert!(text.contains("the line is dead"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_interrupt_ends_reading() {
    let folder = Folder::new();
    let path = folder.clip("x.mkv", &format!("{CLIP} -c:v libx264"));
    let interrupt = Interrupt::default();
    let source = || Box::new(FileSource::open(&path).unwrap());
    let mut demuxer = Demuxer::open(source(), &interrupt).unwrap();
    demuxer.read().unwrap().unwrap();
    interrupt.trigger();
    assert_eq!(demuxer.read().map(|_| ()), Err(MediaError::Interrupted));
    assert_eq!(Demuxer::open(source(), &interrupt).map(|_| ()), Err(MediaError::Interrupted));
}

#[test]
fn only_selected_streams_are_read() {
    let folder = Folder::new();
    let mut demuxer = open(&folder.clip("x.mkv", &format!("{CLIP} -c:v libx264")));
    demuxer.select(&[1, 77]);
    let mut packets = 0;
    while let Some(packet) = demuxer.read().unwrap() {
        assert_eq!(packet.stream(), 1);
        packets += 1;
    }
    assert!(packets > 50);
    assert!(demuxer.parameters(77).is_err());
}

fn hostile(extension: &str, codec: &str) -> Vec<u8> {
    let folder = Folder::new();
    std::fs::read(folder.clip(&format!("x.{extension}"), &format!("{CLIP} -t 0.6 {codec}"))).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn damage_is_never_worse_than_an_error(
        cut in 0.0f64..1.0, flips in prop::collection::vec((0.0f64..1.0, 0u8..8), 0..60),
    ) {
        static CLIPS: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let clips = CLIPS.get_or_init(|| vec![
            hostile("mp4", "-c:v libx264 -movflags +faststart"),
            hostile("ts", "-c:v mpeg2video"),
            hostile("mkv", "-c:v libvpx-vp9 -deadline realtime"),
        ]);
        let folder = Folder::new();
        for clip in clips {
            let mut bytes = clip.clone();
            bytes.truncate((cut.max(0.05) * clip.len() as f64) as usize + 1);
            for (place, bit) in &flips {
                let at = (place * bytes.len() as f64) as usize;
                bytes[at] ^= 1 << bit;
            }
            // Whatever it says: it ends, and it does not panic.
            let _ = transcode(Box::new(Cursor::new(bytes)), &folder.file("out.mp4"));
        }
    }
}

/// Counts the bytes that are read.
struct Counted {
    file: FileSource,
    read: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}

impl ByteSource for Counted {
    fn size(&self) -> u64 {
        self.file.size()
    }
}

/// Times in milliseconds of the frames that a part of a clip has, and the bytes that were read.
fn part(path: &std::path::Path, start: f64, length: f64) -> (Vec<i64>, u64) {
    let read = std::sync::Arc::default();
    let source = Counted { file: FileSource::open(path).unwrap(), read: std::sync::Arc::clone(&read) };
    let mut demuxer = Demuxer::open(Box::new(source), &Interrupt::default()).unwrap();
    demuxer.select(&[0]);
    let ns = |seconds: f64| (seconds * 1e9) as i64;
    demuxer.clip(crate::task::Clip { start_ns: ns(start), length_ns: Some(ns(length)) }).unwrap();
    let mut decoder = VideoDecoder::open(&demuxer.parameters(0).unwrap()).unwrap().with_length(Some(ns(length)));
    let mut times = Vec::new();
    loop {
        let packet = demuxer.read().unwrap();
        if packet.as_ref().is_none_or(|packet| packet.stream() == 0) {
            let mut keep = |frame: Frame| {
                times.push(frame.time_ns / 1_000_000);
                Ok(())
            };
            decoder.send(packet.as_ref(), &mut keep).unwrap();
        }
        if packet.is_none() {
            break;
        }
    }
    (times, read.load(std::sync::atomic::Ordering::Relaxed))
}

#[test]
fn a_part_has_exactly_its_frames_and_reads_no_more_than_it_needs() {
    let folder = Folder::new();
    let made = "-f lavfi -i testsrc2=s=320x240:r=25:d=40,noise=alls=40:allf=t -c:v libx264 -preset ultrafast -bf 2 -g 50 -pix_fmt yuv420p";
    for name in ["clip.mp4", "clip.mkv", "clip.ts"] {
        let path = folder.clip(name, made);
        let size = std::fs::metadata(&path).unwrap().len();
        let (times, read) = part(&path, 21.0, 1.0);
        let expected: Vec<_> = (0..25).map(|frame| frame * 40).collect();
        assert_eq!(times, expected, "{name}");
        // A fortieth is asked for; there are the index, the probe, a group of pictures before it, and 3 s of others' packets behind it.
        assert!(read < size / 2, "{name}: {read} of {size} bytes were read");
        // The start between two frames: the one that is shown then is the first.
        let (times, _) = part(&path, 21.03, 0.1);
        assert_eq!(times, [0, 10, 50, 90], "{name}");
        let (times, _) = part(&path, 39.8, 10.0);
        assert_eq!(times.len(), 5, "{name}");
    }
}

#[test]
fn alpha_beside_the_picture_is_decoded() {
    let folder = Folder::new();
    let source =
        "-f lavfi -i testsrc2=s=64x64:d=0.2,format=yuva420p,geq=lum=lum(X\\,Y):cb=cb(X\\,Y):cr=cr(X\\,Y):a=4*X";
    for codec in ["libvpx-vp9", "libvpx"] {
        let path =
            folder.clip(&format!("{codec}.webm"), &format!("{source} -c:v {codec} -auto-alt-ref 0 -crf 10 -b:v 1M"));
        let mut demuxer = open(&path);
        assert_eq!(demuxer.facts().video_streams[0].pixel_format, "yuva420p");
        let mut decoder = VideoDecoder::open(&demuxer.parameters(0).unwrap()).unwrap();
        let mut columns = Vec::new();
        loop {
            let packet = demuxer.read().unwrap();
            decoder
                .send(packet.as_ref(), &mut |frame: Frame| {
                    let mut row = Vec::new();
                    let middle = crate::task::Rect { x: 0, y: 32, width: 64, height: 1 };
                    frame.read_rect(3, middle, &mut row).unwrap();
                    columns.push(row);
                    Ok(())
                })
                .unwrap();
            if packet.is_none() {
                break;
            }
        }
        assert_eq!(columns.len(), 5, "{codec}");
        for row in columns {
            let off = (0u8..64).map(|x| row[usize::from(x)].abs_diff(4 * x)).max().unwrap();
            assert!(off < 24, "{codec}: {row:?}");
        }
    }
}
