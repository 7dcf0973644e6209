//! Clips that tests work on: from the folder `WASMUX_MEDIA`, else made with FFmpeg.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{World, captions, ffmpeg, workspace};

/// Clips that show one thing each, and are always made.
const ALWAYS_MADE: [&str; 12] = [
    "bframes.mkv",
    "bframes.avi",
    "joined.ts",
    "mp2.ts",
    "french.mkv",
    "small.mkv",
    "small_rot90.mov",
    "small_444_10.mkv",
    "small_aac.mp4",
    "tiny.mkv",
    "tracks.mkv",
    "tagged.mkv",
];

/// How each clip is made where the real one is not there. `-i` sources are FFmpeg's own test pictures and tones.
const MADE: &[(&str, &str)] = &[
    ("portrait_rot90.mov", "-f lavfi -i testsrc2=s=1280x720:d=1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p"),
    (
        "vfr.mp4",
        "-f lavfi -i testsrc2=s=640x360:d=2 -vf select='not(mod(n\\,3))+lt(n\\,10)' -vsync vfr -c:v libx264 -pix_fmt yuv420p",
    ),
    (
        "audio51.mov",
        "-f lavfi -i testsrc2=s=320x240:d=1 -f lavfi -i sine=d=1 -ac 6 -c:v libx264 -pix_fmt yuv420p -c:a aac",
    ),
    ("noaudio.mp4", "-f lavfi -i testsrc2=s=320x240:d=1 -c:v libx264 -pix_fmt yuv420p"),
    ("audioonly.flac", "-f lavfi -i sine=d=2:r=48000 -ac 2"),
    (
        "hevc10.mov",
        "-f lavfi -i testsrc2=s=640x360:d=1 -c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le -tag:v hvc1 \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc",
    ),
    (
        "interlaced_mpeg2.ts",
        "-f lavfi -i testsrc2=s=720x576:r=50:d=1 -vf interlace=scan=tff -c:v mpeg2video -flags +ildct+ilme -aspect 16:9",
    ),
    (
        "odd_853x479.mov",
        "-f lavfi -i testsrc2=s=854x480:d=1,format=yuv444p,crop=853:479:exact=1 -c:v libx264 -pix_fmt yuv444p",
    ),
    ("vp9.webm", "-f lavfi -i testsrc2=s=320x240:d=1 -c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    ("av1.mkv", "-f lavfi -i testsrc2=s=320x240:d=1 -c:v libsvtav1 -preset 12"),
    ("flv1.flv", "-f lavfi -i testsrc2=s=320x240:d=1 -c:v flv"),
    ("wmv2.wmv", "-f lavfi -i testsrc2=s=320x240:d=1 -f lavfi -i sine=d=1 -c:v wmv2 -c:a wmav2"),
    ("mpeg2.vob", "-f lavfi -i testsrc2=s=720x576:r=25:d=1 -c:v mpeg2video"),
    ("bframes.mkv", "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -c:v libx264 -bf 3 -pix_fmt yuv420p"),
    ("bframes.avi", "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -c:v libx264 -bf 3 -pix_fmt yuv420p"),
    (
        "joined.ts",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -pix_fmt yuv420p -c:a aac",
    ),
    (
        "mp2.ts",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -bf 0 -pix_fmt yuv420p -c:a mp2",
    ),
    (
        "tagged.mkv",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -f lavfi -i sine=d=1 -c:v libx264 -pix_fmt yuv420p -c:a aac",
    ),
    (
        "french.mkv",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -f lavfi -i sine=d=1 -metadata:s:a:0 language=fra -c:v libx264 -pix_fmt yuv420p -c:a aac",
    ),
    // Noise, so that an encoder has something to decide; two tones, so that channels can be told apart.
    (
        "small.mkv",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=1.6,noise=alls=10:allf=t -f lavfi -i aevalsrc=0.3*sin(2*PI*440*t)|0.3*sin(2*PI*620*t):s=48000:d=1.6 -shortest -c:v libx264 -preset veryfast -threads 1 -qp 12 -pix_fmt yuv420p -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv -c:a pcm_s16le",
    ),
    (
        "small_rot90.mov",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=1.6,noise=alls=10:allf=t -c:v libx264 -preset veryfast -threads 1 -qp 12 -pix_fmt yuv420p -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv",
    ),
    (
        "small_444_10.mkv",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=1.6,noise=alls=10:allf=t -c:v libx264 -preset veryfast -threads 1 -qp 12 -pix_fmt yuv444p10le -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv",
    ),
    (
        "small_aac.mp4",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=1.6,noise=alls=10:allf=t -f lavfi -i aevalsrc=0.3*sin(2*PI*440*t)|0.3*sin(2*PI*620*t):s=48000:d=1.6 -c:v libx264 -preset veryfast -threads 1 -qp 20 -bf 2 -pix_fmt yuv420p -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv -c:a aac",
    ),
    (
        "tiny.mkv",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=0.6 -f lavfi -i aevalsrc=0.3*sin(2*PI*440*t)|0.3*sin(2*PI*620*t):s=48000:d=0.6 -c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -c:a pcm_s16le",
    ),
    (
        // Two pictures of other sizes and rates, three tones of other forms and languages.
        "tracks.mkv",
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -f lavfi -i smptebars=s=96x128:r=10:d=1 -f lavfi -i sine=f=440:d=1:r=48000 -f lavfi -i sine=f=880:d=1:r=44100 -f lavfi -i sine=f=220:d=1:r=22050 -map 0 -map 1 -map 2 -map 3 -map 4 -ac:a:0 2 -ac:a:1 1 -ac:a:2 1 -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra -metadata:s:a:2 language=deu -metadata:s:v:1 language=jpn -c:v libx264 -pix_fmt yuv420p -c:a aac",
    ),
];

/// Puts a clip into the bucket under its own name.
pub fn put(world: &World, name: &str) {
    match name {
        "bigbuckbunny.mp4" | "logo.png" => world.copy(&workspace().join("assets").join(name), name),
        "truncated.mp4" => {
            // An intact file with its index in front, cut off at 60 %.
            let (bunny, whole) = (workspace().join("assets/bigbuckbunny.mp4"), world.object("whole.mp4"));
            let mut command = Command::new("ffmpeg");
            command.args(["-nostdin", "-v", "error", "-i"]).arg(bunny);
            command.args(["-c", "copy", "-movflags", "+faststart"]).arg(&whole);
            assert!(command.status().unwrap().success(), "{command:?}");
            let bytes = std::fs::read(&whole).unwrap();
            std::fs::remove_file(whole).unwrap();
            world.put(name, &bytes[..bytes.len() * 6 / 10]);
        }
        "empty.mp4" => world.put(name, b""),
        "garbage.mp4" => world.put(name, &garbage(100_000)),
        "captions.mkv" => captions::make(&world.object(name)),
        "joined.ts" => {
            // Two transport streams end to end, as a recorder leaves them: the times start again.
            make(name, &world.object(name));
            let once = std::fs::read(world.object(name)).unwrap();
            world.put(name, &[once.clone(), once].concat());
        }
        _ if ALWAYS_MADE.contains(&name) => make(name, &world.object(name)),
        _ => match provided(name) {
            Some(path) => world.copy(&path, name),
            None => make(name, &world.object(name)),
        },
    }
}

/// Bytes without any meaning, always the same.
pub fn garbage(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Whether [`put`] has this clip: it is provided, or there is a recipe for it.
pub fn has(name: &str) -> bool {
    provided(name).is_some() || MADE.iter().any(|(made, _)| *made == name)
}

/// The real clip, where `WASMUX_MEDIA` names a folder that has it. With `WASMUX_MEDIA_REQUIRED` it must.
fn provided(name: &str) -> Option<PathBuf> {
    let path = env::var_os("WASMUX_MEDIA").map(|folder| Path::new(&folder).join(name)).filter(|path| path.is_file());
    assert!(path.is_some() || env::var_os("WASMUX_MEDIA_REQUIRED").is_none(), "WASMUX_MEDIA has no {name}");
    path
}

fn make(name: &str, path: &Path) {
    let (_, arguments) = MADE.iter().find(|(made, _)| *made == name).unwrap_or_else(|| panic!("no recipe for {name}"));
    ffmpeg(arguments, path);
    if name == "tagged.mkv" {
        tag(path);
    }
    if name.ends_with("_rot90.mov") {
        // The display matrix can only be written when the stream is copied.
        let plain = path.with_extension("plain.mov");
        std::fs::rename(path, &plain).unwrap();
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(&plain);
        command.args(["-c", "copy", "-metadata:s:v:0", "rotate=270"]).arg(path);
        assert!(command.status().unwrap().success(), "{command:?}");
        std::fs::remove_file(plain).unwrap();
    }
}

/// Gives a film chapters, titles, a language and dispositions.
fn tag(path: &Path) {
    let words = path.with_extension("words");
    let chapter = |start: u32, end: u32, title: &str| {
        format!("[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n")
    };
    let text = format!(";FFMETADATA1\ntitle=A film\n{}{}", chapter(0, 700, "One"), chapter(700, 1000, "Two"));
    std::fs::write(&words, text).unwrap();
    let plain = path.with_extension("plain.mkv");
    std::fs::rename(path, &plain).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(&plain).arg("-i").arg(&words);
    command.args(["-map", "0", "-map_metadata", "1", "-map_chapters", "1", "-c", "copy"]);
    command.args(["-metadata:s:a:0", "language=fra", "-metadata:s:a:0", "title=Commentary"]);
    command.args(["-disposition:v:0", "default", "-disposition:a:0", "default+comment"]).arg(path);
    assert!(command.status().unwrap().success(), "{command:?}");
    std::fs::remove_file(plain).unwrap();
    std::fs::remove_file(words).unwrap();
}
