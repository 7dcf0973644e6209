//! The demo's transcode against the `ffmpeg` command line with overlay and drawtext: the same clip, the same codec options.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use wasmux_benches::{compare, record, target, workspace};

const RUNS: usize = 7;
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

fn main() -> io::Result<()> {
    let folder = target().join("bench-demo");
    fs::create_dir_all(&folder)?;
    for asset in ["bigbuckbunny.mp4", "logo.png"] {
        fs::copy(workspace().join("assets").join(asset), folder.join(asset))?;
    }
    let binary = fs::canonicalize(target().join("release/wasmux"))?;
    let table = compare(RUNS, ("wasmux run", &|| wasmux(&binary, &folder)), ("ffmpeg", &|| ffmpeg(&folder)))?;
    record("Demo against the ffmpeg command line", &table)
}

fn wasmux(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.arg("run").arg(workspace().join("assets/demo.json"));
    command.arg("--bucket").arg(format!("demo={}", folder.display()));
    command
}

/// The options that the plan of the demo shows; scaler flags, GOP, refs, B-frames, threads, faststart and audio alike.
fn ffmpeg(folder: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder).args(["-nostdin", "-v", "error", "-y", "-i", "bigbuckbunny.mp4", "-i", "logo.png"]);
    let text = "drawtext=text='Intelligent Media Management':fontsize=100:fontcolor=white:x=w-tw-96:y=h-th-108";
    let graph = format!(
        "[0:v]scale=1920:1080:flags=bicubic[v];[1:v]scale=192:-1[logo];[v][logo]overlay=96:108[o];[o]{text}:fontfile={FONT}[out]"
    );
    command.args(["-filter_complex", &graph, "-map", "[out]", "-map", "0:a:0"]);
    command.args("-c:v libx264 -preset medium -crf 25 -g 150 -bf 3 -refs 2 -pix_fmt yuv420p".split(' '));
    command.args("-c:a aac -b:a 256k -ac 2 -ar 44100 -movflags +faststart ffmpeg.mp4".split(' '));
    command
}
