//! How long a task of one frame takes on an idle server, from its arrival to its outputs in their place, and where the time goes.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wasmux_benches::{Spread, compare, measure, record, target};

const RUNS: usize = 30;
/// Time between two looks at a task; the times of the table are the server's own and not bound to it.
const LOOK: Duration = Duration::from_millis(1);
/// Time between two tasks: an idle server starts the next worker ahead.
const IDLE: Duration = Duration::from_millis(400);

/// A step of a task: its name, and the events that it lies between.
const STEPS: [(&str, &str, &str); 5] = [
    ("submission to lease", "Submitted", "Leased"),
    ("worker restricts itself, loads plugins, probes, plans", "Leased", "Planned"),
    ("decode, encode, mux, verify; the worker's end", "Planned", "CommitBegun"),
    ("journal and rename, on the disk", "CommitBegun", "Succeeded"),
    ("**in all**", "Submitted", "Succeeded"),
];

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = target().join("bench-one-frame");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(folder.join("bucket"))?;
    let source = folder.join("bucket/one.mp4");
    let made = "-nostdin -v error -y -f lavfi -i testsrc2=s=640x360:r=25 -frames:v 1 -pix_fmt yuv420p -c:v libx264";
    measure(Command::new("ffmpeg").args(made.split(' ')).arg(&source))?;
    let binary = fs::canonicalize(target().join("release/wasmux"))?;
    let request = json!({"ProjectName": "bench", "Sources": [{"URI": "oss://bench/one.mp4"}], "Targets": [{
        "URI": "oss://bench/out.mp4", "Container": "mp4", "Audio": {},
        "Video": {"TranscodeVideo": {"Codec": "h264", "Resolution": "320x180"}}}]});
    fs::write(folder.join("request.json"), request.to_string())?;

    let (server, url) = serve(&binary, &folder)?;
    run(&url, &request)?;
    let tasks = (0..RUNS).map(|_| run(&url, &request)).collect::<Result<Vec<_>, _>>()?;

    let mut table = format!("| median of {RUNS} (min to max) | ms |\n|---|---|\n");
    let mut row = |name: &str, values: Vec<f64>| {
        if let Some(spread) = Spread::of(values) {
            table.push_str(&format!("| {name} | {:.0} ({:.0} to {:.0}) |\n", spread.median, spread.min, spread.max));
        }
    };
    for (name, from, to) in STEPS {
        row(name, tasks.iter().filter_map(|task| Some(time_of(task, to)? - time_of(task, from)?)).collect());
    }
    record("A task of one frame on an idle server", &table)?;
    drop(server);
    let (ours, theirs) = (|| foreground(&binary, &folder), || ffmpeg(&folder));
    let table = compare(RUNS, ("wasmux run", &ours), ("ffmpeg", &theirs))?;
    record("The same frame, process and all, against the ffmpeg command line", &table)?;
    Ok(())
}

fn serve(binary: &Path, folder: &Path) -> Result<(Server, String), Box<dyn Error>> {
    let mut command = Command::new(binary);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.join("data"));
    command.arg("--bucket").arg(format!("bench={}", folder.join("bucket").display()));
    let mut server = Server(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
    let url = line.trim().strip_prefix("listening on ").ok_or("the server did not start")?;
    Ok((server, url.to_owned()))
}

/// Submits and follows one task; its record.
fn run(url: &str, request: &Value) -> Result<Value, Box<dyn Error>> {
    thread::park_timeout(IDLE);
    let mut said = ureq::post(format!("{url}/v1/tasks")).send(request.to_string())?;
    let said: Value = serde_json::from_str(&said.body_mut().read_to_string()?)?;
    let path = format!("{url}/v1/tasks/{}", said["TaskId"].as_str().ok_or("no task id")?);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let task: Value = serde_json::from_str(&ureq::get(&path).call()?.body_mut().read_to_string()?)?;
        match task["Status"].as_str() {
            Some("Succeeded") => return Ok(task),
            Some("Running") => thread::park_timeout(LOOK),
            _ => return Err(format!("{task:#}").into()),
        }
    }
    Err("the task does not end".into())
}

/// When an event happened, in milliseconds of its day.
fn time_of(task: &Value, name: &str) -> Option<f64> {
    let event = task["Events"].as_array()?.iter().find(|event| event["Event"] == name)?;
    let clock = event["Time"].as_str()?.split('T').nth(1)?.trim_end_matches('Z');
    let mut seconds = 0.0;
    for part in clock.split(':') {
        seconds = seconds * 60.0 + part.parse::<f64>().ok()?;
    }
    Some(seconds * 1e3)
}

fn foreground(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.arg("run").arg(folder.join("request.json"));
    command.arg("--bucket").arg(format!("bench={}", folder.join("bucket").display()));
    command
}

fn ffmpeg(folder: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder).args(["-nostdin", "-v", "error", "-y", "-i", "bucket/one.mp4"]);
    let options = "-s 320x180 -c:v libx264 -preset medium -crf 23 -g 150 -bf 3 -refs 2 -movflags +faststart ffmpeg.mp4";
    command.args(options.split(' '));
    command
}
