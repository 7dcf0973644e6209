//! What runs in the service's own process: the URI policy's `check` and the schema of parameters, when a task is submitted.

use std::fs;
use std::thread;

use serde_json::{Value, json};
use wasmux_tests::server::wait_for;

use crate::{CONFIG, Stand, filtered, good, governed};

/// What the template says, and what becomes of the submission.
const CHECKS: [(&str, &str); 7] = [
    (
        "check-loop",
        "PluginDeadline: plugin hostile-uri-policy 0.1.0: it used more than 1000 ms of CPU time in one call, its limit open_cpu_ms (in check)",
    ),
    ("check-calls", "PluginDeadline"),
    ("check-eat", "PluginMemory: plugin hostile-uri-policy 0.1.0: it wanted 6"),
    ("check-stack", "PluginTrap"),
    (
        "check-trap",
        "PluginTrap: plugin hostile-uri-policy 0.1.0: it trapped: wasm trap: wasm `unreachable` instruction executed (in check)",
    ),
    ("check-huge", "PluginMemory"),
    ("check-not-utf-8", "PluginTrap"),
];

/// Rounds in which the server's memory must not grow, and what is noise of the allocator per round, in KiB.
const ROUNDS: i64 = 3;
const NOISE: i64 = 512;

fn checked(template: &str) -> Value {
    governed(template, "URITemplate", "hostile-uri-policy")
}

impl Stand {
    fn assert_refused(&self, task: &Value, field: &str, message: &str) {
        let (status, said) = self.server.post("/v1/tasks", task);
        assert_eq!(status, 400, "{message}: {said:#}");
        let fault = &said["Faults"][0];
        assert!(fault["Field"].as_str().unwrap().starts_with(field), "{said:#}");
        assert!(fault["Message"].as_str().unwrap().contains(message), "{message}: {said:#}");
    }

    /// CPU time that the service itself has used, in ticks of the kernel.
    fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.server.id())).unwrap();
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

#[test]
fn a_bad_check_costs_its_submission_and_the_service_nothing() {
    let stand = Stand::new(CONFIG);
    stand.publish_filter("doubles", |manifest| {
        let again = json!({"properties": {"c": {"$ref": "#"}}});
        manifest["parameters"] = json!({"allOf": vec![again; 8]});
    });
    let nested = (0..16).fold(json!({}), |value, _| json!({"c": value}));
    let round = || {
        for (template, message) in CHECKS {
            stand.assert_refused(&checked(template), "Targets[0].Policies.URITemplate", message);
        }
        let task = filtered("x.mp4", "doubles", &nested);
        stand.assert_refused(&task, "Targets[0].Video.FilterVideo.Plugins[0]", "too much work for the plugin's schema");
        stand.resident()
    };
    round();
    let before = round();
    let after: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    let grown = (after[after.len() - 1] - before) / ROUNDS;
    assert!(grown < NOISE, "the server grew by {grown} KiB in each round: {before}, then {after:?}");
    stand.server.success_of(&stand.server.submit(&good("good.mp4")));
    stand.is_as_alone("bad checks", "good.mp4");
    assert_eq!(stand.server.get("/v1/tasks").1["Tasks"].as_array().unwrap().len(), 3, "no other task was taken");
    stand.assert_clean(&[], 3);
}

#[test]
fn others_are_answered_while_checks_go_on() {
    let stand = Stand::new("[workers]\nthreads = 1\n[plugins.of.hostile-uri-policy]\nopen_cpu_ms = 2000\n");
    stand.publish_filter("not-needed", |_| ());
    let before = stand.cpu_ticks();
    thread::scope(|scope| {
        // More of them than may check at the same time, and than the HTTP server has threads.
        let bad: Vec<_> =
            (0..6).map(|_| scope.spawn(|| stand.server.post("/v1/tasks", &checked("check-loop")))).collect();
        wait_for("checks that go on", || (stand.cpu_ticks() > before + 20).then_some(()));
        let id = stand.server.submit(&good("good.mp4"));
        // Who removes a plugin waits for submissions that name it, and for no check.
        assert_eq!(stand.server.delete("/v1/plugins/not-needed/0.1.0").0, 204);
        let second = stand.server.submit(&good("second.mp4"));
        assert_eq!(stand.server.get("/healthz").0, 200);
        assert!(!bad.iter().any(thread::ScopedJoinHandle::is_finished), "all of that came after a check had ended");
        for bad in bad {
            let (status, said) = bad.join().unwrap();
            assert_eq!(status, 400);
            assert!(said["Message"].as_str().unwrap().contains("PluginDeadline"), "{said:#}");
        }
        for (id, name) in [(id, "good.mp4"), (second, "second.mp4")] {
            stand.server.success_of(&id);
            stand.is_as_alone("checks that go on", name);
        }
    });
    stand.assert_clean(&[], 2);
}
