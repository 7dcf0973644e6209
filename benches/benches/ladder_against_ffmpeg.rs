//! A ladder of three, two containers of one encode, and a remux, each against the best `ffmpeg` command line with the same codec
//! options. `WASMUX_MEDIA` names a folder with `src_1080p30.mov`; without it a clip is made, which says less.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use wasmux_benches::{compare, measure, record, target, workspace};

const RUNS: usize = 7;

/// The options that a plan shows for h264, medium, CRF 25: GOP, refs, B-frames and threads alike.
const H264: &str = "-preset medium -crf 25 -g 150 -bf 3 -refs 2 -pix_fmt yuv420p";
const AAC: &str = "-c:a aac -b:a 128k -ac 2 -ar 48000";

struct Place {
    binary: PathBuf,
    folder: PathBuf,
}

fn main() -> io::Result<()> {
    let folder = target().join("bench-ladder");
    fs::create_dir_all(&folder)?;
    let folder = fs::canonicalize(folder)?;
    let place = Place { binary: fs::canonicalize(target().join("release/wasmux"))?, folder };
    place.sources()?;
    ladder(&place)?;
    containers(&place)?;
    remux(&place)
}

fn ladder(place: &Place) -> io::Result<()> {
    let rung = |height: u32| {
        json!({
            "URI": format!("oss://bench/ours-{height}.m3u8"), "Container": "ts", "Segment": {"Format": "hls", "Duration": 4},
            "Video": {"TranscodeVideo": {"Codec": "h264", "CRF": 25, "Resolution": format!("x{height}"), "ScaleType": "fit"}},
            "Audio": audio(),
        })
    };
    let request = place.request("ladder", "four.mov", &[rung(1080), rung(720), rung(480)])?;
    let graph = "[0:v]split=3[a][b][c];[b]scale=1280:720:flags=bicubic[d];[c]scale=854:480:flags=bicubic[e]";
    let mut arguments = format!("-i four.mov -filter_complex {graph}");
    for (label, height) in [("a", 1080), ("d", 720), ("e", 480)] {
        let segments = format!("-f hls -hls_time 4 -hls_playlist_type vod -hls_segment_filename theirs-{height}-%d.ts");
        arguments.push_str(&format!(
            " -map [{label}] -map 0:a:0 -c:v libx264 {H264} -forced-idr 1 -force_key_frames expr:gte(t,n_forced*4) {AAC} {segments} theirs-{height}.m3u8"
        ));
    }
    let table = compare(
        RUNS,
        ("wasmux run", &|| place.wasmux(&request)),
        ("ffmpeg, one command", &|| place.ffmpeg(&arguments)),
    )?;
    record("1080, 720 and 480 as HLS, 4 s, against one ffmpeg command with split", &table)
}

fn containers(place: &Place) -> io::Result<()> {
    let output = |container: &str| {
        json!({
            "URI": format!("oss://bench/ours.{container}"), "Container": container,
            "Video": {"TranscodeVideo": {"Codec": "h264", "CRF": 25}}, "Audio": audio(),
        })
    };
    let request = place.request("containers", "four.mov", &[output("mp4"), output("mkv")])?;
    let command = |end: &str| {
        format!("ffmpeg -nostdin -v error -y -i four.mov -map 0:v:0 -map 0:a:0 -c:v libx264 {H264} {AAC} {end}")
    };
    let both = format!("{} && {}", command("-movflags +faststart theirs.mp4"), command("theirs.mkv"));
    let theirs = || {
        let mut command = Command::new("sh");
        command.current_dir(&place.folder).args(["-c", &both]);
        command
    };
    let table = compare(RUNS, ("wasmux run", &|| place.wasmux(&request)), ("ffmpeg, two commands", &theirs))?;
    record("One encode in mp4 and mkv, 4 s of 1080p, against two ffmpeg commands", &table)
}

fn remux(place: &Place) -> io::Result<()> {
    let target = json!({"URI": "oss://bench/ours-long.mp4", "Container": "mp4"});
    let request = place.request("remux", "long.mov", &[target])?;
    let arguments = "-i long.mov -map 0:v:0 -map 0:a:0 -c copy -movflags +faststart theirs-long.mp4";
    let table = compare(RUNS, ("wasmux run", &|| place.wasmux(&request)), ("ffmpeg", &|| place.ffmpeg(arguments)))?;
    let size = fs::metadata(place.folder.join("long.mov"))?.len() >> 20;
    record(&format!("Remux of {size} MiB from mov to mp4 against the ffmpeg command line"), &table)
}

fn audio() -> Value {
    json!({"TranscodeAudio": {"Codec": "aac", "Bitrate": 128_000, "Channel": 2, "SampleRate": 48_000}})
}

impl Place {
    /// Four seconds of the clip, and twenty times the whole.
    fn sources(&self) -> io::Result<()> {
        let media = std::env::var_os("WASMUX_MEDIA").map(|folder| Path::new(&folder).join("src_1080p30.mov"));
        let clip = match media.filter(|clip| clip.is_file()) {
            Some(clip) => fs::canonicalize(clip)?,
            None => {
                println!("WASMUX_MEDIA does not hold src_1080p30.mov: a test pattern stands in for it");
                let made = "-f lavfi -i testsrc2=s=1920x1080:r=30:d=12,noise=alls=12:allf=t -f lavfi -i sine=d=12:r=48000 -c:v libx264 -preset veryfast -b:v 8M -pix_fmt yuv420p -c:a aac clip.mov";
                measure(&mut self.ffmpeg(made))?;
                self.folder.join("clip.mov")
            }
        };
        let clip = clip.display();
        measure(&mut self.ffmpeg(&format!("-t 4 -i {clip} -map 0:v:0 -map 0:a:0 -c copy four.mov")))?;
        measure(&mut self.ffmpeg(&format!("-stream_loop 19 -i {clip} -map 0:v:0 -map 0:a:0 -c copy long.mov")))?;
        Ok(())
    }

    fn request(&self, name: &str, source: &str, targets: &[Value]) -> io::Result<PathBuf> {
        let request =
            json!({"ProjectName": "bench", "Sources": [{"URI": format!("oss://bench/{source}")}], "Targets": targets});
        let file = self.folder.join(format!("{name}.json"));
        fs::write(&file, request.to_string())?;
        Ok(file)
    }

    fn wasmux(&self, request: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(workspace()).arg("run").arg(request);
        command.arg("--bucket").arg(format!("bench={}", self.folder.display()));
        command
    }

    fn ffmpeg(&self, arguments: &str) -> Command {
        let mut command = Command::new("ffmpeg");
        command.current_dir(&self.folder).args(["-nostdin", "-v", "error", "-y"]);
        command.args(arguments.split_whitespace());
        command
    }
}
