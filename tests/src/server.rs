//! A `wasmux serve` of its own for a test, over real HTTP.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use ureq::Agent;

use crate::{World, binary, target};

/// Longest wait for anything: the machines are slow and busy. Nothing is ever expected to take as long.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// How a server is started.
#[derive(Default)]
pub struct Options<'a> {
    /// Named point at which it kills itself, or waits: `WASMUX_TEST_CRASH_AT`.
    pub crash_at: Option<&'a str>,
    /// What its workers do: `WASMUX_TEST_WORKER`.
    pub misdeed: Option<&'a str>,
    /// Tasks at the same time; default 1.
    pub concurrency: Option<usize>,
    /// More of the configuration, as TOML.
    pub config: &'a str,
    /// Folder of compiled components; default: one that all tests share.
    pub cache: Option<&'a Path>,
    /// The file for its standard error; default: that of the test.
    pub log: Option<&'a Path>,
    /// A folder that is a disk of its own for it, of so many bytes.
    pub disk: Option<(&'a Path, u64)>,
    /// More of its environment.
    pub variables: &'a [(&'a str, &'a str)],
}

/// A running server. It is killed when this is dropped.
pub struct Server {
    process: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    agent: Agent,
}

impl Server {
    /// Starts a server on the world's bucket and data folder, on a free port.
    pub fn start(world: &World, options: &Options<'_>) -> Self {
        let config = world.folder().join("serve.toml");
        fs::write(&config, options.config).unwrap();
        let mut command = match options.disk {
            Some((folder, size)) => on_a_disk(folder, size),
            None => Command::new(binary()),
        };
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(world.folder().join("data"));
        command.arg("--bucket").arg(format!("test-bucket={}", world.object("").display()));
        command.arg("--plugins").arg(world.plugins()).arg("--config").arg(config);
        if let Some(concurrency) = options.concurrency {
            command.args(["--concurrency", &concurrency.to_string()]);
        }
        let shared_cache = target().join("test-cache");
        command.env("WASMUX_CACHE", options.cache.unwrap_or(&shared_cache)).env("AWS_SECRET_ACCESS_KEY", "never shown");
        command.envs(options.crash_at.map(|point| ("WASMUX_TEST_CRASH_AT", point)));
        command.envs(options.misdeed.map(|misdeed| ("WASMUX_TEST_WORKER", misdeed)));
        command.envs(options.variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(log) = options.log {
            command.stderr(fs::File::create(log).unwrap());
        }
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("the server said `{line}`"));
        // Errors have a body that tests want to see.
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Self { process, url: url.to_owned(), agent: agent.into() }
    }

    /// `GET`: status and JSON.
    pub fn get(&self, path: &str) -> (u16, Value) {
        answer(self.agent.get(format!("{}{path}", self.url)).call().unwrap())
    }

    /// `POST`: status and JSON.
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.agent.post(format!("{}{path}", self.url)).send(body.to_string()).unwrap())
    }

    /// `PUT` of a component: status and JSON.
    pub fn put(&self, path: &str, component: &[u8]) -> (u16, Value) {
        // What is refused for its length is refused before it is sent.
        let request = self.agent.put(format!("{}{path}", self.url)).header("Expect", "100-continue");
        answer(request.send(component).unwrap())
    }

    /// `DELETE`: status and JSON.
    pub fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.agent.delete(format!("{}{path}", self.url)).call().unwrap())
    }

    /// Submits a request that must be taken; its id.
    pub fn submit(&self, request: &Value) -> String {
        let (status, said) = self.post("/v1/tasks", request);
        assert_eq!(status, 201, "{said:#}");
        said["TaskId"].as_str().unwrap().to_owned()
    }

    /// The task as it is now.
    pub fn task(&self, id: &str) -> Value {
        let (status, task) = self.get(&format!("/v1/tasks/{id}"));
        assert_eq!(status, 200, "{task:#}");
        task
    }

    /// Waits until the task is as wanted.
    pub fn wait(&self, id: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        wait_for(what, || {
            let task = self.task(id);
            is(&task).then_some(task)
        })
    }

    /// Waits for the task's end.
    pub fn end_of(&self, id: &str) -> Value {
        self.wait(id, "the end of a task", |task| task["Status"] != "Running")
    }

    /// Waits for the task's end, which must be a good one.
    pub fn success_of(&self, id: &str) -> Value {
        let task = self.end_of(id);
        assert_eq!(task["Status"], "Succeeded", "{task:#}");
        task
    }

    /// Waits until a worker encodes for this task; the worker's process.
    pub fn encoding(&self, id: &str) -> Pid {
        self.wait(id, "a worker that encodes", |task| {
            assert_ne!(task["Status"], "Failed", "{task:#}");
            task["Frames"].as_u64() > Some(0)
        });
        wait_for("the process of a worker", || self.workers().into_iter().max_by_key(|(_, threads)| *threads)).0
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The processes of workers, with their threads.
    pub fn workers(&self) -> Vec<(Pid, usize)> {
        let pid = self.process.id();
        let mut found = Vec::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace() {
                let threads = fs::read_dir(format!("/proc/{child}/task")).map_or(0, Iterator::count);
                found.extend(Pid::from_raw(child.parse().unwrap()).map(|pid| (pid, threads)));
            }
        }
        found
    }

    /// Kills the server, as a crash or the kernel would.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for the server's own death.
    pub fn death(&mut self) -> ExitStatus {
        wait_for("the death of the server", || self.process.try_wait().unwrap())
    }

    /// Asks the server to end, and waits for that.
    pub fn stop(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        self.death()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The binary, with a folder that is a disk of so many bytes for it and its children alone.
fn on_a_disk(folder: &Path, size: u64) -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = format!("mount -t tmpfs -o size={size} tmpfs \"$0\" && exec \"$@\"");
    command.args(["--mount", "sh", "-c", &script]).arg(folder).arg(binary());
    command
}

/// Kills a worker.
pub fn kill(worker: Pid, signal: Signal) {
    kill_process(worker, signal).unwrap();
}

/// Whether a process is there and has not ended.
pub fn lives(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// Looks until there is something.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: waited in vain");
        thread::park_timeout(LOOK);
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let text = response.body_mut().read_to_string().unwrap();
    let value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    (response.status().as_u16(), value)
}
