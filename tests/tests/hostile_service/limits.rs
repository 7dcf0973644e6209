//! Limits of single plugins, and the limits of a task for what no single call does wrong.

use serde_json::json;

use crate::{Stand, filtered};

const TIGHT: &str = "[workers]\nthreads = 1\n[plugins.limits]\nopen_cpu_ms = 1000\nmemory_bytes = 33554432\n[plugins.of.tight]\nframe_cpu_ms = 50\nmemory_bytes = 4194304\ntable_elements = 2\nasset_bytes = 1000\nreturned_bytes = 2000\nregions = 0\n";

/// What a plugin of its own name is told with the tight limits; the same bytes with the others are told something else.
const HIT: [(&str, &str, &str, &str); 6] = [
    (
        "loop-in-process",
        "PluginDeadline",
        "50 ms of CPU time in one call, its limit frame_cpu_ms",
        "1000 ms of CPU time",
    ),
    // What the plugin's own table does not name is as for all.
    ("loop-in-open", "PluginDeadline", "1000 ms of CPU time in one call, its limit open_cpu_ms", "1000 ms of CPU time"),
    ("eat-memory", "PluginMemory", "memory_bytes is 4194304", "memory_bytes is 33554432"),
    ("greedy-asset", "PluginMemory", "1000 bytes of assets (limit asset_bytes)", "67108864 bytes of assets"),
    ("long-error", "PluginMemory", "limit returned_bytes", "Refused: xxx"),
    ("write-outside-region", "PluginTrap", "more than 0 regions (limit regions)", "of plane 0"),
];

#[test]
fn one_plugin_has_tighter_limits_than_another() {
    let stand = Stand::new(&TIGHT.replace("table_elements = 2\n", ""));
    stand.publish_filter("tight", |_| ());
    let asset = "oss://test-bucket/tiny.mkv";
    for (behaviour, code, tight, loose) in HIT {
        for (plugin, message) in [("tight", tight), ("hostile-filter", loose)] {
            let parameters = json!({"Behaviour": behaviour, "Asset": asset});
            let ended = stand.beside_good(behaviour, &filtered(&stand.name(), plugin, &parameters));
            let said = ended["Message"].as_str().unwrap();
            assert!(said.contains(&format!("plugin {plugin} 0.1.0")) && said.contains(message), "{behaviour}: {said}");
            if plugin == "tight" {
                assert_eq!(ended["Code"], code, "{behaviour}: {said}");
            }
        }
    }
    // Lines over the limit are no failure, however many there are.
    let ended = stand.beside_good("flood-log", &filtered("flood.mp4", "tight", &json!({"Behaviour": "flood-log"})));
    assert_eq!(ended["Status"], "Succeeded", "{ended:#}");
    stand.assert_clean(&["flood.mp4"], 3);
}

#[test]
fn the_table_that_every_component_has_is_counted_too() {
    let stand = Stand::new(TIGHT);
    stand.publish_filter("tight", |_| ());
    let ended = stand.beside_good("table", &filtered(&stand.name(), "tight", &json!({"Behaviour": "nothing"})));
    let said = ended["Message"].as_str().unwrap();
    assert!(ended["Code"] == "PluginMemory" && said.contains("its limit table_elements is 2"), "{said}");
}

/// A million short calls for each frame are within the limit that is the default of the host: each costs a fraction of a microsecond.
#[test]
fn a_million_calls_for_each_frame_are_within_the_limits() {
    let stand = Stand::new("[workers]\nthreads = 1\n");
    let mut calls = filtered("calls.mp4", "hostile-filter", &json!({"Behaviour": "million-calls"}));
    calls["Sources"][0]["Duration"] = json!(0.1);
    let ended = stand.beside_good("million-calls", &calls);
    assert_eq!(ended["Status"], "Succeeded", "{ended:#}");
    stand.assert_clean(&["calls.mp4"], 2);
}

/// A filter in which no call is ever too slow ends with its task's time. Each frame takes half a second of CPU time on a machine of today,
/// so all 60 take several times the task's time, and none of them nears the limit of a frame.
#[test]
fn what_is_never_too_slow_ends_with_its_tasks_time() {
    let config = "[workers]\nthreads = 1\ntask_seconds = 5\n[plugins.limits]\nframe_cpu_ms = 20000\n";
    let stand = Stand::new(config);
    let mut slow = filtered("slow.mp4", "hostile-filter", &json!({"Behaviour": "slow"}));
    slow["Targets"][0]["Video"]["TranscodeVideo"]["FrameRate"] = json!(100);
    let ended = stand.beside_good("slow", &slow);
    let said = ended["Message"].as_str().unwrap();
    assert!(ended["Code"] == "TimeLimit" && said.contains("5 s, the limit workers.task_seconds"), "{ended:#}");
    assert!(ended["Frames"].as_u64() > Some(0), "it came forward all the time: {ended:#}");
    stand.assert_clean(&[], 2);
}
