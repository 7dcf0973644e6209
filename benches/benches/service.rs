//! What the service can take: submissions that are on the disk, by 64 connections at once; lists of 100,000 tasks; memory over many tasks.
//!
//! `WASMUX_SOAK=10000` (`make soak`) runs so many tasks in place of 500 and measures nothing else.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wasmux_benches::{Spread, measure, record, target};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const CONNECTIONS: usize = 64;
/// Submissions in all; then as many tasks are listed.
const TASKS: usize = 100_000;
/// Of them the last ones come at this pace, submissions a second.
const PACED: usize = 20_000;
const PACE: f64 = 2000.0;
/// How often each list is asked for.
const LISTS: usize = 100;
/// Tasks of the soak in `make bench`.
const SOAK: usize = 500;

struct Server {
    process: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// On a data folder of its own. Where `idle`, no task ends: the first worker waits for ever.
    fn start(folder: &Path, idle: bool) -> Result<Self> {
        let mut command = Command::new(fs::canonicalize(target().join("release/wasmux"))?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.join("data"));
        command.arg("--bucket").arg(format!("bench={}", folder.join("bucket").display()));
        if idle {
            command.env("WASMUX_TEST_WORKER", "hang");
        }
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").ok_or("the server did not start")?;
        Ok(Self { process, address: address.to_owned() })
    }

    /// Resident memory in MiB.
    fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
    }
}

/// One connection that stays open. What a client library does besides would be measured with the server.
struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream: BufReader::new(stream), host: address.to_owned() })
    }

    /// Asks one thing; status and body.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}", self.host, body.len());
        self.stream.get_mut().write_all(head.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("no status")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }

    fn json(&mut self, method: &str, path: &str, body: &str) -> Result<Value> {
        let (status, body) = self.ask(method, path, body)?;
        if status >= 300 {
            return Err(format!("{method} {path}: {status} {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

fn request(number: usize) -> String {
    json!({"ProjectName": format!("project-{}", number % 10), "Tags": {"customer": format!("c{}", number % 1000)},
        "Sources": [{"URI": "oss://bench/one.mp4"}], "Targets": [{
            "URI": "oss://bench/out.mp4", "Container": "mp4", "Audio": {},
            "Video": {"TranscodeVideo": {"Codec": "h264", "Resolution": "320x180"}}}]})
    .to_string()
}

/// The value below which this share of the others lies.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = ((sorted.len() as f64 - 1.0) * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// Submits so many tasks over all connections; milliseconds of each, and seconds in all. With a pace, so many a second are due, and the time of each
/// counts from that moment, whether its connection was free or not.
fn submit(address: &str, tasks: usize, pace: Option<f64>) -> Result<(Vec<f64>, f64)> {
    let begun = Instant::now();
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let address = address.to_owned();
            thread::spawn(move || -> Result<Vec<f64>> {
                let mut connection = Connection::open(&address)?;
                let mut times = Vec::new();
                for task in (number..tasks).step_by(CONNECTIONS) {
                    let body = request(task);
                    let mut asked = Instant::now();
                    if let Some(pace) = pace {
                        asked = begun + Duration::from_secs_f64(task as f64 / pace);
                        while let Some(early) = asked.checked_duration_since(Instant::now()) {
                            thread::park_timeout(early);
                        }
                    }
                    let (status, said) = connection.ask("POST", "/v1/tasks", &body)?;
                    if status != 201 {
                        return Err(format!("{status} {}", String::from_utf8_lossy(&said)).into());
                    }
                    times.push(asked.elapsed().as_secs_f64() * 1e3);
                }
                Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| "a connection panicked")??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Ok((times, seconds))
}

/// A `fsync` of 4 KiB on the same disk, in milliseconds: no commit can be faster.
fn disk(folder: &Path) -> Result<Spread> {
    let mut file = fs::File::create(folder.join("fsync"))?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Spread::of(times).ok_or_else(|| "no times".into())
}

fn submissions_and_lists(folder: &Path) -> Result<()> {
    let server = Server::start(folder, true)?;
    let fsync = disk(folder)?;
    submit(&server.address, 1000, None)?;
    let (times, seconds) = submit(&server.address, TASKS - 1000 - PACED, None)?;
    let (paced, paced_seconds) = submit(&server.address, PACED, Some(PACE))?;
    let rate = times.len() as f64 / seconds;
    let table = format!(
        "{CONNECTIONS} connections, each with one request at a time, `synchronous=FULL`; the client runs on the same cores.\n\n\
         | {} submissions | |\n|---|---|\n| a second | {rate:.0} |\n| median | {:.1} ms |\n| p99 | {:.1} ms |\n| longest | {:.0} ms |\n\
         | {} more, of which {PACE:.0} a second were due | |\n| a second | {:.0} |\n| median | {:.1} ms |\n| p99 | **{:.1} ms** |\n| longest | {:.0} ms |\n\
         | an `fsync` of 4 KiB on this disk, median | {:.2} ms |\n",
        times.len(),
        percentile(&times, 0.5),
        percentile(&times, 0.99),
        times.last().copied().unwrap_or_default(),
        paced.len(),
        paced.len() as f64 / paced_seconds,
        percentile(&paced, 0.5),
        percentile(&paced, 0.99),
        paced.last().copied().unwrap_or_default(),
        fsync.median,
    );
    record("Submissions that are on the disk", &table)?;

    let mut connection = Connection::open(&server.address)?;
    let page = connection.json("GET", "/v1/tasks?MaxResults=100", "")?;
    let next = page["NextToken"].as_str().unwrap_or_default().to_owned();
    let vendor = |query: &str| format!("/?Action=ListTasks&Version=2020-09-30&{query}");
    let mut table = format!(
        "One connection, {LISTS} times each.\n\n| {TASKS} tasks, milliseconds | median | p99 |\n|---|---|---|\n"
    );
    for (name, path) in [
        ("the first page of 100", "/v1/tasks?MaxResults=100".to_owned()),
        ("the first page of 10", "/v1/tasks?MaxResults=10".to_owned()),
        ("the next page of 100", format!("/v1/tasks?MaxResults=100&NextToken={next}")),
        ("of one project in ten", "/v1/tasks?ProjectName=project-7".to_owned()),
        ("with a tag that one in 1000 has", "/v1/tasks?TagSelector=customer%3Dc77".to_owned()),
        ("by end, ascending", "/v1/tasks?Sort=EndTime&Order=asc".to_owned()),
        ("the vendor's `ListTasks` of one project", vendor("ProjectName=project-7&MaxResults=100")),
    ] {
        let mut times = Vec::new();
        for _ in 0..LISTS {
            let begun = Instant::now();
            connection.json("GET", &path, "")?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        table += &format!("| {name} | {:.1} | {:.1} |\n", percentile(&times, 0.5), percentile(&times, 0.99));
    }
    record("Lists of 100,000 tasks", &table)?;
    Ok(())
}

/// Runs so many tasks of one frame, and looks at the server's memory meanwhile.
fn soak(folder: &Path, tasks: usize) -> Result<()> {
    let server = Server::start(folder, false)?;
    let mut connection = Connection::open(&server.address)?;
    let begun = Instant::now();
    let mut table = String::from("| tasks that have ended | resident memory of the server, MiB |\n|---|---|\n");
    let mut ended = 0;
    for part in 1..=5 {
        let until = tasks * part / 5;
        let mut last = String::new();
        for number in ended..until {
            let said = connection.json("POST", "/v1/tasks", &request(number))?;
            said["TaskId"].as_str().unwrap_or_default().clone_into(&mut last);
        }
        ended = until;
        // One project after the other has its turn, so that the last one to be submitted may not end last.
        while connection.json("GET", "/v1/tasks?Status=Running&MaxResults=1", "")?["Tasks"]
            .as_array()
            .is_some_and(|tasks| !tasks.is_empty())
        {
            thread::park_timeout(Duration::from_millis(20));
        }
        let task = connection.json("GET", &format!("/v1/tasks/{last}"), "")?;
        if task["Status"] != "Succeeded" {
            return Err(format!("{task:#}").into());
        }
        table += &format!("| {ended} | {:.1} |\n", server.resident()?);
    }
    let each = begun.elapsed().as_secs_f64() / tasks as f64;
    table += &format!("\n{each:.3} s a task, one at a time.\n");
    record(&format!("Memory of the server over {tasks} tasks"), &table)?;
    Ok(())
}

fn main() -> Result<()> {
    let folder = target().join("bench-service");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(folder.join("bucket"))?;
    let source = folder.join("bucket/one.mp4");
    let made = "-nostdin -v error -y -f lavfi -i testsrc2=s=640x360:r=25 -frames:v 1 -pix_fmt yuv420p -c:v libx264";
    measure(Command::new("ffmpeg").args(made.split(' ')).arg(&source))?;
    match std::env::var("WASMUX_SOAK").ok().map(|tasks| tasks.parse()).transpose()? {
        Some(tasks) => soak(&folder, tasks),
        None => {
            submissions_and_lists(&folder)?;
            let soaked = folder.join("soak");
            fs::create_dir_all(soaked.join("bucket"))?;
            fs::copy(&source, soaked.join("bucket/one.mp4"))?;
            soak(&soaked, SOAK)
        }
    }
}
