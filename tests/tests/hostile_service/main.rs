//! Guests that misbehave on a server: each costs its own task, with a code of its own, and nothing else. The task beside it makes the
//! same bytes as alone; no file, no process and no memory is left.
//!
//! `hostile` has what the sandbox alone does with them.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bombs;
mod components;
mod limits;
mod misdeeds;
mod refused;
mod submission;

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server, wait_for};
use wasmux_tests::{World, clips, request};

use components::{disguised, original};

/// Limits that a misdeed reaches soon, and honest work on a busy machine does not: CPU time is counted.
const CONFIG: &str =
    "[workers]\nthreads = 1\n[plugins.limits]\nopen_cpu_ms = 1000\nframe_cpu_ms = 200\nmemory_bytes = 67108864\n";

/// A server with the good and the hostile plugins, and what the good task makes when it is alone.
struct Stand {
    world: World,
    server: Server,
    alone: Vec<u8>,
    next: AtomicU32,
}

impl Stand {
    fn without_plugins(config: &str) -> Self {
        let world = World::default();
        clips::put(&world, "tiny.mkv");
        let server = Server::start(&world, &Options { concurrency: Some(2), config, ..Options::default() });
        let stand = Self { world, server, alone: Vec::new(), next: AtomicU32::default() };
        let id = stand.server.submit(&request("tiny.mkv", &target("alone.mp4")));
        stand.server.success_of(&id);
        stand
    }

    fn new(config: &str) -> Self {
        let mut stand = Self::without_plugins(config);
        stand.publish("hostile-filter", &original("hostile_filter"));
        stand.publish("hostile-uri-policy", &original("hostile_uri_policy"));
        let id = stand.server.submit(&good("alone.mp4"));
        stand.server.success_of(&id);
        stand.alone = fs::read(stand.world.object("alone.mp4")).unwrap();
        assert!(stand.alone.len() > 10_000, "a comparison of next to nothing says nothing");
        stand
    }

    /// Publishes a component of version 0.1.0 that must be taken.
    fn publish(&self, name: &str, component: &[u8]) {
        let (status, said) = self.put(name, component);
        assert_eq!(status, 201, "{name}: {said:#}");
    }

    fn put(&self, name: &str, component: &[u8]) -> (u16, Value) {
        self.server.put(&format!("/v1/plugins/{name}/0.1.0"), component)
    }

    /// Publishes the hostile filter under another name, with a manifest that is changed.
    fn publish_filter(&self, name: &str, change: impl Fn(&mut Value)) {
        self.publish(name, &disguised("hostile_filter", name, change));
    }

    /// Runs a task beside a good one. The good one succeeds, with the bytes that it has alone. Returns the other one as it ended.
    fn beside_good(&self, what: &str, task: &Value) -> Value {
        let (bad, good) = (self.server.submit(task), self.server.submit(&good("good.mp4")));
        let ended = self.server.end_of(&bad);
        self.server.success_of(&good);
        self.is_as_alone(what, "good.mp4");
        ended
    }

    fn is_as_alone(&self, what: &str, name: &str) {
        let bytes = fs::read(self.world.object(name)).unwrap();
        assert!(bytes == self.alone, "{what}: the task beside it made other bytes");
        fs::remove_file(self.world.object(name)).unwrap();
    }

    /// A name that no output had before.
    fn name(&self) -> String {
        format!("hostile-{}.mp4", self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Asserts that nothing is left of what failed: no worker but the one that waits, no staged file, no output, no file of a plugin
    /// that was refused.
    fn assert_clean(&self, outputs: &[&str], plugins: usize) {
        let mut expected: Vec<_> = ["alone.mp4", "tiny.mkv"].iter().chain(outputs).copied().collect();
        expected.sort_unstable();
        wait_for("a bucket with nothing staged", || (self.world.listing() == expected).then_some(()));
        wait_for("the end of all workers but the idle one", || (self.server.workers().len() == 1).then_some(()));
        let files = fs::read_dir(self.world.folder().join("data/plugins")).unwrap();
        let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files.len(), plugins, "{files:?}");
    }

    /// What the server itself has resident, in KiB.
    fn resident(&self) -> i64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

/// A target without filters. One thread and the loss of nothing: the encoder has nothing to decide by the clock.
fn target(name: &str) -> Value {
    let video = json!({"Codec": "h264", "Preset": "fast", "CRF": 0, "PixelFormat": "yuv420p"});
    json!({"URI": format!("oss://test-bucket/{name}"), "Container": "mp4", "Video": {"TranscodeVideo": video},
        "Audio": {"DisableAudio": true}})
}

/// A task with a filter and its parameters.
fn filtered(name: &str, plugin: &str, parameters: &Value) -> Value {
    let mut target = target(name);
    target["Video"]["FilterVideo"] = json!({"Plugins": [{"Name": plugin, "Params": parameters}]});
    request("tiny.mkv", &target)
}

/// A task that runs code of the hostile filter, which behaves this time.
fn good(name: &str) -> Value {
    filtered(name, "hostile-filter", &json!({"Behaviour": "write-inside-region"}))
}

/// A task whose policy of this role is hostile.
fn governed(template: &str, role: &str, plugin: &str) -> Value {
    let mut target = target("");
    target["URI"] = json!(template);
    target["Policies"] = json!({role: plugin});
    request("tiny.mkv", &target)
}
