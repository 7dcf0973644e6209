//! Lists the functions that tasks execute, in the order of their first call: `host/order.txt`, by which the linker places them side by side.
//!
//! Of 35 MB of code a task executes 3, scattered over all pages; a system that maps code in pieces of 64 kB then has most of it in memory. Tasks run in an emulator that
//! tells each block of code when it is first executed. It needs `qemu-x86_64` (package `qemu-user`), `nm` and `ffmpeg`.

use std::collections::HashSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use wasmux_benches::{target, workspace};

/// A function: where it begins, how long it is, its name.
struct Function {
    at: u64,
    size: u64,
    name: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = target().join("order");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(folder.join("bucket"))?;
    fs::copy(workspace().join("assets/logo.png"), folder.join("bucket/logo.png"))?;
    let made = "-nostdin -v error -y -f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i sine=r=48000 -t 0.4 -pix_fmt yuv420p -c:v libx264 -c:a aac -shortest";
    run(Command::new("ffmpeg").args(made.split(' ')).arg(folder.join("bucket/clip.mp4")))?;
    let binary = fs::canonicalize(target().join("release/wasmux"))?;
    let base = base(&binary, &folder)?;
    let functions = functions(&binary)?;
    // Names depend on the compiler.
    let compiler = String::from_utf8(run(Command::new("rustc").arg("--version"))?)?;
    let (mut seen, mut order, mut bytes) = (HashSet::new(), format!("# {compiler}"), 0);
    for request in requests() {
        // The processor of the emulator is another one: the first run compiles components for it.
        for _ in 0..2 {
            execute(&binary, &folder, &request)?;
        }
        for at in blocks(&folder.join("log"))? {
            let Some(place) = at.checked_sub(base) else { continue };
            let index = functions.partition_point(|function| function.at <= place);
            let Some(function) = functions[..index].last() else { continue };
            if place < function.at + function.size && seen.insert(function.at) {
                bytes += function.size;
                order.push_str(&function.name);
                order.push('\n');
            }
        }
    }
    fs::write(workspace().join("host/order.txt"), &order)?;
    println!("{} functions, {} kB, are in host/order.txt", seen.len(), bytes / 1000);
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// What most tasks are: marks, a ladder, a copy.
fn requests() -> [Value; 3] {
    let audio = json!({"TranscodeAudio": {"Codec": "aac", "Channel": 2, "SampleRate": 44100, "Bitrate": 96000}});
    let video = |size: &str| json!({"Codec": "h264", "CRF": 24, "Resolution": size});
    let marks = json!({
        "Watermarks": [
            {"Type": "file", "URI": "oss://order/logo.png", "Dx": 0.05, "Dy": 0.1, "Width": 0.1},
            {"Type": "text", "Content": "wasmux", "ReferPos": "bottomright", "Dx": 0.05, "Dy": 0.1, "FontSize": 40},
        ],
        "Delogos": [{"Dx": 0.05, "Dy": 0.5, "Width": 0.1, "Height": 0.1}],
    });
    let rung = |size: &str| {
        json!({"URI": format!("oss://order/{size}.{{autoext}}"), "Container": "ts", "Segment": {"Format": "hls", "Duration": 1},
            "Audio": audio, "Video": {"TranscodeVideo": video(size)}})
    };
    let marked = json!({"URI": "oss://order/{barename}-{resolution}.{autoext}", "Container": "mp4", "Audio": audio,
        "Video": {"TranscodeVideo": video("320x180"), "FilterVideo": marks}});
    let copied = json!({"URI": "oss://order/copy.mp4", "Container": "mp4"});
    [json!([marked]), json!([rung("320x180"), rung("160x90")]), json!([copied])].map(
        |targets| json!({"ProjectName": "order", "Sources": [{"URI": "oss://order/clip.mp4"}], "Targets": targets}),
    )
}

fn run(command: &mut Command) -> Result<Vec<u8>, Box<dyn Error>> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(
            format!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok(output.stdout)
}

fn emulator(log: &str, file: &Path) -> Command {
    let mut command = Command::new("qemu-x86_64");
    command.args(["-cpu", "max", "-d", log, "-D"]).arg(file);
    command
}

fn execute(binary: &Path, folder: &Path, request: &Value) -> Result<(), Box<dyn Error>> {
    fs::write(folder.join("request.json"), request.to_string())?;
    let mut command = emulator("in_asm,nochain", &folder.join("log"));
    command.arg(binary).arg("run").arg(folder.join("request.json"));
    run(command.arg("--bucket").arg(format!("order={}", folder.join("bucket").display()))).map(drop)
}

/// Where the emulator loads the binary: the first mapping that it tells.
fn base(binary: &Path, folder: &Path) -> Result<u64, Box<dyn Error>> {
    let log = folder.join("log");
    run(emulator("page", &log).arg(binary).arg("--version"))?;
    let text = fs::read_to_string(&log)?;
    let mapped = text.lines().find_map(|line| line.split_once('-')).filter(|(start, _)| start.len() == 16);
    let (start, _) = mapped.ok_or("the emulator tells no mappings")?;
    Ok(u64::from_str_radix(start, 16)?)
}

/// By their addresses.
fn functions(binary: &Path) -> Result<Vec<Function>, Box<dyn Error>> {
    let listed = run(Command::new("nm").args(["--defined-only", "--numeric-sort", "--print-size"]).arg(binary))?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let function = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let at = u64::from_str_radix(words.next()?, 16).ok()?;
        let size = u64::from_str_radix(words.next()?, 16).ok()?;
        let is_code = words.next()?.eq_ignore_ascii_case("t");
        is_code.then_some(Function { at, size, name: words.next()?.to_owned() })
    };
    Ok(listed.lines().filter_map(function).collect())
}

/// The first address of each block that was executed, in their order.
fn blocks(log: &PathBuf) -> Result<Vec<u64>, Box<dyn Error>> {
    let mut blocks = Vec::new();
    let mut begins = false;
    for line in BufReader::new(File::open(log)?).split(b'\n') {
        let line = line?;
        if line.starts_with(b"IN:") {
            begins = true;
        } else if begins && let Some(rest) = line.strip_prefix(b"0x") {
            begins = false;
            let digits = rest.iter().take_while(|digit| digit.is_ascii_hexdigit()).count();
            blocks.push(u64::from_str_radix(std::str::from_utf8(&rest[..digits])?, 16)?);
        }
    }
    Ok(blocks)
}
