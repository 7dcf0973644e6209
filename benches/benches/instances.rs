//! What instances cost: the load of a compiled component together with its first instance, a thousand instances one after the other,
//! and many at once.

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use wasmux::pipeline::{FilterFactory, FilterRequest, FrameFilter};
use wasmux::sandbox::{Sandbox, SandboxConfig};
use wasmux_benches::{PICTURE, Spread, record, target};

const LOADS: usize = 25;
const ONE_BY_ONE: usize = 1000;
const AT_ONCE: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = sandbox()?;
    // The first one compiles, and what is compiled stays for the next ones.
    drop(open(&sandbox)?);
    let mut first = Vec::new();
    for _ in 0..LOADS {
        let fresh = self::sandbox()?;
        let begun = Instant::now();
        let opened = open(&fresh)?;
        first.push(begun.elapsed().as_secs_f64() * 1e6);
        drop(opened);
    }
    let mut table = String::from("| what | figure |\n|---|---|\n");
    let show = |times: Vec<f64>| {
        Spread::of(times).map_or_else(String::new, |s| format!("{:.0} us ({:.0} to {:.0})", s.median, s.min, s.max))
    };
    table.push_str(&format!(
        "| load of the compiled component and its first instance, median of {LOADS} | {} |\n",
        show(first)
    ));
    for round in ["first", "second", "third"] {
        let (before, mut times) = (resident_kib()?, Vec::new());
        for _ in 0..ONE_BY_ONE {
            let begun = Instant::now();
            drop(open(&sandbox)?);
            times.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        let after = resident_kib()?;
        table.push_str(&format!(
            "| {round} {ONE_BY_ONE} instances opened and dropped, one after the other | {}; resident {before} KiB before, {after} KiB after |\n",
            show(times)
        ));
    }
    for round in ["first", "second", "third"] {
        let before = resident_kib()?;
        let alive: Vec<_> = (0..AT_ONCE).map(|_| open(&sandbox)).collect::<Result<_, _>>()?;
        let during = resident_kib()?;
        drop(alive);
        let after = resident_kib()?;
        table.push_str(&format!(
            "| {round} {AT_ONCE} instances at once | resident {before} KiB before, {during} KiB during, {after} KiB after |\n"
        ));
    }
    record("Instances of a component", &table)?;
    Ok(())
}

fn sandbox() -> Result<Arc<Sandbox>, Box<dyn Error>> {
    let folder = target().join("bench-instances");
    fs::create_dir_all(&folder)?;
    fs::copy(target().join("wasm32-unknown-unknown/release/hostile_filter.wasm"), folder.join("hostile_filter.wasm"))?;
    let config = SandboxConfig {
        plugin_folder: Some(folder),
        cache_folder: Some(target().join("bench-cache")),
        ..SandboxConfig::default()
    };
    Ok(Sandbox::new(config)?)
}

fn open(sandbox: &Sandbox) -> Result<Box<dyn FrameFilter>, Box<dyn Error>> {
    let plugin = "hostile-filter".parse()?;
    let parameters = json!({"Behaviour": "nothing"});
    let request = FilterRequest { plugin: &plugin, parameters: &parameters, picture: &PICTURE };
    Ok(sandbox.open(request).map_err(|failure| failure.to_string())?.filter)
}

/// Memory of this process that lies in RAM.
fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
