//! What `wasmux probe --meta` says of a file, beside what ffprobe says of it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::{World, binary, clips, ffmpeg, text};

fn said(mut command: Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn meta(file: &Path) -> Value {
    let mut command = Command::new(binary());
    command.args(["probe", "--meta"]).arg(file);
    said(command)
}

fn ffprobe(file: &Path) -> Value {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_format", "-show_streams", "-show_programs", "-of", "json"]).arg(file);
    said(command)
}

/// Our names and those of ffprobe, of texts and numbers that are equal where both say something.
const OF_STREAMS: &[(&str, &str)] = &[
    ("CodecName", "codec_name"),
    ("CodecLongName", "codec_long_name"),
    ("CodecTag", "codec_tag"),
    ("CodecTagString", "codec_tag_string"),
    ("Profile", "profile"),
    ("Level", "level"),
    ("Width", "width"),
    ("Height", "height"),
    ("HasBFrames", "has_b_frames"),
    ("SampleAspectRatio", "sample_aspect_ratio"),
    ("DisplayAspectRatio", "display_aspect_ratio"),
    ("PixelFormat", "pix_fmt"),
    ("FrameRate", "r_frame_rate"),
    ("AverageFrameRate", "avg_frame_rate"),
    ("TimeBase", "time_base"),
    ("FrameCount", "nb_frames"),
    ("ColorSpace", "color_space"),
    ("ColorRange", "color_range"),
    ("ColorTransfer", "color_transfer"),
    ("ColorPrimaries", "color_primaries"),
    ("SampleFormat", "sample_fmt"),
    ("SampleRate", "sample_rate"),
    ("Channels", "channels"),
    ("ChannelLayout", "channel_layout"),
];

/// A value of ffprobe, which writes some numbers as texts.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[track_caller]
fn near(name: &str, field: &str, ours: &Value, theirs: &Value) {
    let theirs: Option<f64> = plain(theirs).parse().ok();
    let same = match (ours.as_f64(), theirs) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() < 0.001,
        (None, None) => true,
        _ => false,
    };
    assert!(same, "{name}: {field} is {ours}, and ffprobe says {theirs:?}");
}

#[test]
fn it_is_what_ffprobe_says() {
    let world = World::default();
    let clips = [
        "portrait_rot90.mov",
        "audio51.mov",
        "noaudio.mp4",
        "hevc10.mov",
        "interlaced_mpeg2.ts",
        "odd_853x479.mov",
        "vp9.webm",
        "av1.mkv",
        "flv1.flv",
        "wmv2.wmv",
        "mpeg2.vob",
        "tracks.mkv",
        "audioonly.flac",
    ];
    let mut compared = 0;
    for name in clips {
        clips::put(&world, name);
        let file = world.object(name);
        let (ours, theirs) = (meta(&file), ffprobe(&file));
        assert_eq!(ours["FormatName"], theirs["format"]["format_name"], "{name}");
        assert_eq!(ours["Size"].to_string(), plain(&theirs["format"]["size"]), "{name}");
        near(name, "Duration", &ours["Duration"], &theirs["format"]["duration"]);
        near(name, "StartTime", &ours["StartTime"], &theirs["format"]["start_time"]);
        assert_eq!(ours["StreamCount"], theirs["format"]["nb_streams"], "{name}");
        assert_eq!(ours["ProgramCount"], theirs["format"]["nb_programs"], "{name}");
        let streams = theirs["streams"].as_array().unwrap();
        for (list, kind) in [("VideoStreams", "video"), ("AudioStreams", "audio"), ("Subtitles", "subtitle")] {
            let told = ours[list].as_array().unwrap();
            let probed: Vec<_> = streams.iter().filter(|stream| stream["codec_type"] == kind).collect();
            assert_eq!(told.len(), probed.len(), "{name}: {list}");
            for (told, probed) in told.iter().zip(probed) {
                assert_eq!(told["Index"], probed["index"], "{name}");
                for (field, theirs) in OF_STREAMS {
                    let (Some(ours), Some(theirs)) = (told.get(*field), probed.get(*theirs)) else { continue };
                    assert_eq!(plain(ours), plain(theirs), "{name}: {list}: {field}\n{told:#}\n{probed:#}");
                    compared += 1;
                }
                if kind == "video" {
                    let turned = probed["side_data_list"][0]["rotation"].as_i64().unwrap_or(0);
                    assert_eq!(plain(&told["Rotate"]), (-turned).rem_euclid(360).to_string(), "{name}");
                    assert_eq!(
                        (&ours["VideoWidth"], &told["Index"]),
                        (&ours["VideoStreams"][0]["Width"], &probed["index"])
                    );
                }
            }
        }
    }
    assert!(compared > 200, "only {compared} fields were compared");
}

#[test]
fn tags_place_and_time_are_told() {
    let world = World::default();
    let (plain, tagged) = (world.object("plain.mp4"), |ending: &str| world.object(&format!("tagged.{ending}")));
    let tags = "-metadata title=Harbour -metadata artist=Ann -metadata album=North -metadata album_artist=Bo -metadata composer=Cy \
                -metadata performer=Di -metadata location=+35.8000-045.9100/ -metadata creation_time=2021-02-03T04:05:06Z";
    let made = "-f lavfi -i testsrc2=s=64x64:d=0.4 -f lavfi -i sine=d=0.4 -c:v libx264 -pix_fmt yuv420p -c:a aac";
    ffmpeg(made, &plain);
    for (ending, performer) in [("mkv", json!("Di")), ("mp4", Value::Null)] {
        ffmpeg(&format!("{made} {tags} -metadata:s:a:0 language=fra -metadata:s:a:0 lyrics=la"), &tagged(ending));
        let said = meta(&tagged(ending));
        let found = ["Title", "Artist", "Album", "AlbumArtist", "Composer"].map(|field| said[field].clone());
        assert_eq!(found, ["Harbour", "Ann", "North", "Bo", "Cy"].map(Value::from), "{ending}: {said:#}");
        assert_eq!((&said["Performer"], &said["LatLong"]), (&performer, &json!("35.8,-45.91")), "{ending}: {said:#}");
        assert!(said["ProduceTime"].as_str().unwrap().starts_with("2021-02-03T04:05:06"), "{ending}: {said:#}");
        assert_eq!(said["Language"], "fra", "{ending}: {said:#}");
    }
    assert_eq!(meta(&tagged("mkv"))["AudioStreams"][0]["Lyric"], "la");
    let said = meta(&plain);
    for field in ["Title", "Artist", "LatLong", "ProduceTime", "Language"] {
        assert!(said.get(field).is_none(), "{field}: {said:#}");
    }
}

#[test]
fn subtitle_streams_are_told() {
    let world = World::default();
    world.put("words.srt", b"1\n00:00:00,100 --> 00:00:00,300\nHello\n");
    let words = world.object("words.srt");
    let made = format!(
        "-f lavfi -i testsrc2=s=64x64:d=0.4 -i {} -c:v libx264 -pix_fmt yuv420p -metadata:s:s:0 language=deu",
        words.display()
    );
    for (name, codec, more) in [("a.mp4", "mov_text", "-c:s mov_text"), ("a.mkv", "subrip", "-c:s srt")] {
        let file = world.object(name);
        ffmpeg(&format!("{made} {more}"), &file);
        let (ours, theirs) = (meta(&file), ffprobe(&file));
        let (told, probed) = (&ours["Subtitles"][0], &theirs["streams"][1]);
        assert_eq!((&told["CodecName"], &told["Language"]), (&json!(codec), &json!("deu")), "{name}: {told:#}");
        assert_eq!((&told["Index"], &told["CodecTag"]), (&json!(1), &probed["codec_tag"]), "{name}: {told:#}");
        assert_eq!(told["CodecLongName"], probed["codec_long_name"], "{name}");
        near(name, "StartTime", &told["StartTime"], &probed["start_time"]);
        assert!(told["Duration"].as_f64().is_some_and(|duration| (0.2..0.5).contains(&duration)), "{name}: {told:#}");
    }
}
