//! Every misdeed that begins when a task runs, and what it is called.

use serde_json::{Value, json};

use crate::components::{disguised, parameters};
use crate::{CONFIG, Stand, bombs, filtered, governed};

/// Who misbehaves, and how.
#[derive(Clone, Copy)]
enum Guest {
    /// The video filter, by its parameter `Behaviour`.
    Filter(&'static str),
    /// The URI policy, in `expand`.
    Uri(&'static str),
    /// The parameter policy.
    Parameters(&'static str),
    /// Another plugin, a video filter that does nothing bad.
    Named(&'static str),
}

use Guest::{Filter, Named, Parameters, Uri};

/// Guest, code of its task, part of the message. Without a code the task succeeds.
const MISDEEDS: [(Guest, &str, &str); 63] = [
    // Loops without end, in every export.
    (Filter("loop-in-open"), "PluginDeadline", "1000 ms of CPU time in one call, its limit open_cpu_ms (in open)"),
    (
        Filter("loop-in-process"),
        "PluginDeadline",
        "200 ms of CPU time in one call, its limit frame_cpu_ms (in process of frame 0)",
    ),
    (Filter("loop-in-third-frame"), "PluginDeadline", "in process of frame 2"),
    (Filter("loop-in-finish"), "PluginDeadline", "1000 ms of CPU time in one call, its limit open_cpu_ms (in finish)"),
    (Filter("loop-in-drop"), "PluginDeadline", "in finish"),
    (Uri("loop"), "PluginDeadline", "1000 ms of CPU time in one call, its limit open_cpu_ms (in expand)"),
    (Parameters("loop"), "PluginDeadline", "1000 ms of CPU time in one call, its limit open_cpu_ms (in resolve)"),
    // Calls without end: each is short, and the CPU time of all of them together counts.
    (Filter("endless-calls"), "PluginDeadline", "in process of frame 0"),
    (Filter("endless-writes"), "PluginDeadline", "in process of frame 0"),
    // Memory and tables.
    (Filter("eat-memory"), "PluginMemory", "memory_bytes is 67108864"),
    (Filter("eat-memory-in-process"), "PluginMemory", "memory_bytes is 67108864"),
    (Uri("eat"), "PluginMemory", "memory_bytes is 67108864"),
    (Parameters("eat"), "PluginMemory", "memory_bytes is 67108864"),
    (Filter("grow-memory-in-good-faith"), "", ""),
    (Named("memory-bomb"), "PluginMemory", "memory_bytes is 67108864"),
    (Named("table-bomb"), "PluginMemory", "table_elements is 100000"),
    (Filter("hoard-fonts"), "PluginMemory", "handle"),
    // Traps.
    (Filter("trap"), "PluginTrap", "wasm `unreachable` instruction executed (in process of frame 0)"),
    (Filter("trap-in-open"), "PluginTrap", "in open"),
    (Uri("trap"), "PluginTrap", "in expand"),
    (Parameters("trap"), "PluginTrap", "in resolve"),
    (Filter("stack-overflow"), "PluginTrap", "out of bounds memory access"),
    (Filter("call-stack-overflow"), "PluginTrap", "call stack exhausted"),
    (Uri("stack"), "PluginTrap", "out of bounds memory access"),
    // Samples and rectangles that are not there.
    (Filter("write-outside"), "PluginTrap", "leaves plane 0"),
    (Filter("write-below"), "PluginTrap", "leaves plane 0"),
    (Filter("write-everything"), "PluginTrap", "leaves plane 0"),
    (Filter("write-nothing-far-away"), "PluginTrap", "leaves plane 0"),
    (Filter("read-outside"), "PluginTrap", "leaves plane 1"),
    (Filter("read-chroma-far-away"), "PluginTrap", "leaves plane 2"),
    (Filter("wrong-plane"), "PluginTrap", "plane 3 does not exist"),
    (Filter("wrong-length"), "PluginTrap", "3 bytes were given"),
    (Filter("write-outside-region"), "PluginTrap", "of plane 0"),
    (Filter("write-chroma-outside-region"), "PluginTrap", "of plane 1"),
    (Filter("many-regions"), "PluginTrap", "more than 1000 regions"),
    (Filter("late-region"), "PluginTrap", "outside of `open`"),
    (Uri("region"), "PluginTrap", "in expand"),
    (Filter("regions-without-end"), "", ""),
    // What is over when a call returns.
    (Filter("keep-setup"), "PluginTrap", "in process of frame 0"),
    (Filter("keep-frame"), "PluginTrap", "in finish"),
    (Filter("leak-frame"), "PluginTrap", "in process of frame 0"),
    // Too much of an answer, of a log, of warnings.
    (Filter("huge-error"), "PluginMemory", "returned_bytes"),
    (Filter("long-log"), "PluginMemory", "returned_bytes"),
    (Uri("huge"), "PluginMemory", "bytes"),
    (Parameters("huge"), "PluginMemory", "bytes"),
    (Filter("flood-log"), "", ""),
    (Filter("flood-warnings"), "", ""),
    // An object that nobody granted.
    (Filter("ungranted-asset"), "PluginError", "NotGranted: as it should be"),
    // No UTF-8.
    (Filter("log-not-utf-8"), "PluginTrap", "utf-8"),
    (Filter("error-not-utf-8"), "PluginTrap", "utf-8"),
    (Uri("not-utf-8"), "PluginTrap", "utf-8"),
    (Parameters("not-utf-8"), "PluginTrap", "utf-8"),
    // Answers that no host can follow.
    (Uri("elsewhere"), "OutputRefused", ""),
    (Uri("no-uri"), "OutputRefused", ""),
    (Parameters("garbage"), "PluginError", "parameters-answer.json"),
    (Parameters("deep-json"), "PluginError", "recursion limit exceeded"),
    (Parameters("nan"), "PluginError", "parameters-answer.json"),
    (Parameters("infinite"), "PluginError", "parameters-answer.json"),
    (Parameters("negative"), "PluginError", "parameters-answer.json"),
    (Parameters("overflow-32"), "PluginError", "4294967295"),
    (Parameters("overflow-64"), "PluginError", "18446744073709551615"),
    (Parameters("huge-picture"), "PluginError", "16384"),
    (Parameters("no-picture"), "PluginError", "0x120"),
];

/// Rounds of the same misdeeds after the first one, in which the server's memory must not grow.
const ROUNDS: i64 = 3;

/// Growth per round that is noise of the allocator, in KiB.
const NOISE: i64 = 1_024;

impl Stand {
    fn misdeed(&self, guest: Guest) -> Value {
        let name = self.name();
        match guest {
            Filter(behaviour) => {
                let other = "oss://test-bucket/tiny.mkv";
                filtered(&name, "hostile-filter", &json!({"Behaviour": behaviour, "Other": other}))
            }
            Named(plugin) => filtered(&name, plugin, &json!({"Behaviour": "nothing"})),
            Uri(misdeed) => governed(&format!("later-{misdeed}"), "URITemplate", "hostile-uri-policy"),
            Parameters(misdeed) => {
                governed(&format!("oss://test-bucket/{name}"), "Parameters", &format!("parameters-{misdeed}"))
            }
        }
    }

    /// Does one misdeed beside a good task, and judges both. The error says what is not as it should be.
    fn judge(&self, (guest, code, message): (Guest, &str, &str)) -> Result<(), String> {
        let what = match guest {
            Filter(what) | Uri(what) | Parameters(what) | Named(what) => what,
        };
        let task = self.misdeed(guest);
        let ended = self.beside_good(what, &task);
        let said = ended["Message"].as_str().unwrap_or_default();
        let found = (ended["Code"].as_str().unwrap_or_default(), &ended["Attempt"]);
        let named = !code.starts_with("Plugin") || said.starts_with("plugin ") && said.contains(" 0.1.0");
        if found != (code, &json!(1)) || !said.contains(message) || !named || said.len() > 3_000 {
            return Err(format!("{what}: {found:?} `{said}`, not {code} `{message}`"));
        }
        if code.is_empty() {
            let output = task["Targets"][0]["URI"].as_str().unwrap().replace("oss://test-bucket/", "");
            std::fs::remove_file(self.world.object(&output)).unwrap();
        }
        Ok(())
    }

    /// Does all of them, so that one look shows all that is wrong.
    fn judge_all(&self, misdeeds: &[(Guest, &str, &str)]) {
        let wrong: Vec<_> = misdeeds.iter().filter_map(|misdeed| self.judge(*misdeed).err()).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[test]
fn each_misdeed_has_its_code_and_disturbs_nobody() {
    let stand = Stand::new(CONFIG);
    let filter = |name: &str| disguised("hostile_filter", name, |_| ());
    stand.publish("memory-bomb", &bombs::memory(&filter("memory-bomb"), 65_536));
    stand.publish("table-bomb", &bombs::tables(&filter("table-bomb"), 9_000_000));
    let mut plugins = 4;
    for (guest, ..) in MISDEEDS {
        if let Parameters(misdeed) = guest {
            let name = format!("parameters-{misdeed}");
            stand.publish(&name, &parameters(&name, misdeed));
            plugins += 1;
        }
    }
    stand.judge_all(&MISDEEDS);
    stand.assert_clean(&[], plugins);

    // Once more, some of each kind. What the first time took, the second finds.
    let some: Vec<_> = MISDEEDS.into_iter().step_by(9).collect();
    let round = || {
        stand.judge_all(&some);
        stand.resident()
    };
    let before = round();
    let after: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    let grown = (after[after.len() - 1] - before) / ROUNDS;
    assert!(grown < NOISE, "the server grew by {grown} KiB in each round: {before}, then {after:?}");
    stand.assert_clean(&[], plugins);
}
