//! Segments written from packets, read back.

use std::path::PathBuf;

use crate::media::testing::{Folder, ffmpeg, open};
use crate::media::{Expectation, Interrupt, MediaError, MuxReport, Segmenter, StreamCopy, verify};
use crate::task::{Container, SegmentFile, SegmentFormat, Segmentation};

const NAME: &str = "a film.m3u8";

/// Copies a clip into segments; returns the reports and the playlist.
fn segmented(
    folder: &Folder,
    clip: &str,
    segmentation: Segmentation,
    container: Container,
) -> (Vec<MuxReport>, String) {
    let mut demuxer = open(&folder.file(clip));
    let name = if segmentation.format == SegmentFormat::Hls { NAME } else { "a film.mpd" };
    let playlist = folder.file(name);
    let mut segmenter = Segmenter::new(&playlist, name, container, segmentation, &[]);
    let mut places =
        |file: SegmentFile| -> Result<PathBuf, MediaError> { Ok(folder.file(&file.name(name, container))) };
    let mut copies = Vec::new();
    for stream in 0..2 {
        let parameters = demuxer.parameters(stream).unwrap();
        let reorder = if stream == 0 { demuxer.facts().video_streams[0].has_b_frames } else { 0 };
        copies.push(StreamCopy::new(&parameters, reorder));
        segmenter.add_stream(parameters).unwrap();
    }
    segmenter.start().unwrap();
    while let Some(packet) = demuxer.read().unwrap() {
        let stream = packet.stream();
        copies[stream].send(Some(packet), &mut |packet| segmenter.write(stream, packet, &mut places)).unwrap();
    }
    let reports = segmenter.finish(&mut places).unwrap();
    (reports, std::fs::read_to_string(playlist).unwrap())
}

fn made(folder: &Folder) {
    folder.clip(
        "clip.mp4",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=3.2 -f lavfi -i sine=d=3.2 -c:v libx264 -bf 2 -g 25 -keyint_min 25 -sc_threshold 0 \
         -pix_fmt yuv420p -c:a aac",
    );
}

fn check(reports: &[MuxReport]) {
    for report in reports {
        verify(report, &vec![Expectation::default(); report.streams.len()], &Interrupt::default()).unwrap();
    }
}

fn hls(duration: f64) -> Segmentation {
    Segmentation { format: SegmentFormat::Hls, duration, start_number: 7 }
}

/// MD5 of each decoded picture.
fn pictures(path: &std::path::Path) -> Vec<String> {
    let said = ffmpeg(&format!("-i {} -map 0:v -vsync passthrough -f framemd5 -", path.display()));
    let lines = String::from_utf8(said).unwrap();
    lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit(',').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn transport_streams_begin_at_key_pictures_and_are_one_stream_together() {
    let folder = Folder::new();
    made(&folder);
    let (reports, playlist) = segmented(&folder, "clip.mp4", hls(1.0), Container::Ts);
    check(&reports);
    let expected = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PLAYLIST-TYPE:VOD\n\
                    #EXT-X-INDEPENDENT-SEGMENTS\n#EXTINF:1.000000,\na%20film-7.ts\n#EXTINF:1.000000,\na%20film-8.ts\n\
                    #EXTINF:1.000000,\na%20film-9.ts\n";
    assert!(playlist.starts_with(expected), "{playlist}");
    assert!(playlist.ends_with("a%20film-10.ts\n#EXT-X-ENDLIST\n"), "{playlist}");
    // Each can be played alone: it begins with its tables and a key picture.
    let alone = folder.file("alone.ts");
    let each = reports[0].pieces.iter().flat_map(|piece| {
        std::fs::copy(piece, &alone).unwrap();
        pictures(&alone)
    });
    let all: Vec<_> = each.collect();
    assert_eq!(all, pictures(&folder.file("clip.mp4")));
    let joined: Vec<_> = reports[0].pieces.iter().flat_map(|piece| std::fs::read(piece).unwrap()).collect();
    std::fs::write(folder.file("joined.ts"), joined).unwrap();
    assert_eq!(pictures(&folder.file("joined.ts")), all);
}

#[test]
fn fragments_share_one_header() {
    let folder = Folder::new();
    made(&folder);
    let (reports, playlist) = segmented(&folder, "clip.mp4", hls(2.0), Container::Mp4);
    check(&reports);
    assert!(playlist.contains("#EXT-X-VERSION:6\n") && playlist.contains("#EXT-X-MAP:URI=\"a%20film-init.mp4\"\n"));
    assert!(playlist.contains("#EXT-X-TARGETDURATION:2\n") && playlist.contains("#EXTINF:2.000000,\na%20film-7.m4s\n"));
    assert_eq!(reports[0].pieces.len(), 3, "{:?}", reports[0].pieces);
    let joined: Vec<_> = reports[0].pieces.iter().flat_map(|piece| std::fs::read(piece).unwrap()).collect();
    std::fs::write(folder.file("joined.mp4"), joined).unwrap();
    assert_eq!(pictures(&folder.file("joined.mp4")), pictures(&folder.file("clip.mp4")));
}

#[test]
fn dash_has_segments_for_each_stream() {
    let folder = Folder::new();
    made(&folder);
    let dash = Segmentation { format: SegmentFormat::Dash, duration: 1.0, start_number: 0 };
    let (reports, manifest) = segmented(&folder, "clip.mp4", dash, Container::Mp4);
    assert_eq!(reports.len(), 2);
    check(&reports);
    assert!(manifest.contains("mediaPresentationDuration=\"PT3.2"), "{manifest}");
    assert!(manifest.contains("codecs=\"avc1.64") && manifest.contains("codecs=\"mp4a.40.2\""), "{manifest}");
    assert!(
        manifest.contains("media=\"a%20film-0-$Number$.m4s\"") && manifest.contains("d=\"12800\" r=\"2\"/>"),
        "{manifest}"
    );
    // FFmpeg's own reader finds all pictures by the manifest: file names without blanks, for it decodes none in local paths.
    for piece in reports.iter().flat_map(|report| &report.pieces) {
        let name = piece.file_name().unwrap().to_str().unwrap().replace(' ', "_");
        std::fs::copy(piece, folder.file(&name)).unwrap();
    }
    std::fs::write(folder.file("b.mpd"), manifest.replace("a%20film", "a_film")).unwrap();
    assert_eq!(pictures(&folder.file("b.mpd")), pictures(&folder.file("clip.mp4")));
}

#[test]
fn a_stream_without_key_pictures_stays_one_segment() {
    let folder = Folder::new();
    folder.clip(
        "clip.mp4",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=3 -f lavfi -i sine=d=1 -c:v libx264 -g 250 -pix_fmt yuv420p -c:a aac",
    );
    let (reports, playlist) = segmented(&folder, "clip.mp4", hls(1.0), Container::Ts);
    check(&reports);
    assert_eq!(reports[0].pieces.len(), 1);
    assert!(playlist.contains("#EXT-X-TARGETDURATION:3\n"), "{playlist}");
}
