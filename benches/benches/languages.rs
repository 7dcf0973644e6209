//! What a policy costs by the language that it is written in: the size of its component, compiling it, loading what is compiled, and
//! calls. All are the same two policies, and pass the same cases before anything is measured.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use wasmux::resolve::{ParameterPolicy, UriPolicy};
use wasmux::sandbox::{Sandbox, SandboxConfig, World};
use wasmux::task::PluginRef;
use wasmux_benches::{Spread, Usage, measure, record, target, workspace};

const COMPILATIONS: usize = 3;
const LOADS: usize = 15;
const CALLS: usize = 300;
/// The largest component, in bytes: no limit is measured here.
const MAX_COMPONENT_BYTES: u64 = 64 << 20;

const TEMPLATE: &str = "oss://{bucket}/Out/{barename}.{autoext}";
const VARIABLES: [(&str, &str); 3] = [("bucket", "media"), ("barename", "Holiday"), ("autoext", "mp4")];

/// A way to write policies.
struct Language {
    name: &'static str,
    /// What `wasmux plugin new --lang` calls it.
    option: &'static str,
    /// What its tool is called in the folder of tools, and in that of a plugin.
    tool: Option<(&'static str, &'static str)>,
}

const RUST: &str = "Rust";
const LANGUAGES: [Language; 4] = [
    Language { name: RUST, option: "rust", tool: None },
    Language { name: "C", option: "c", tool: None },
    Language { name: "JavaScript", option: "js", tool: Some(("node_modules", "node_modules")) },
    Language { name: "Python", option: "py", tool: Some(("venv", ".venv")) },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut text = format!(
        "Compiling is `wasmux plugin check --no-cache`, median of {COMPILATIONS}, CPU time of all threads. Load and first call are those of a process \
         that has not used the component yet, median of {LOADS}; a call is with an instance of its own, median of {CALLS} in turns.\n"
    );
    for world in [World::UriPolicy, World::ParameterPolicy] {
        text.push_str(&format!("\n{}\n\n{}", world.name(), table(world)?));
    }
    record("The same policy in several languages", &text)?;
    Ok(())
}

/// One of them, ready to be called.
struct Entry {
    language: &'static str,
    file: PathBuf,
    /// Where its compiled code is kept.
    cache: PathBuf,
    plugin: PluginRef,
    /// Times of calls in microseconds.
    calls: Vec<f64>,
}

fn table(world: World) -> Result<String, Box<dyn Error>> {
    let mut entries = Vec::new();
    for language in &LANGUAGES {
        entries.push(entry(language, world)?);
    }
    let sandboxes = entries.iter().map(Entry::sandbox).collect::<Result<Vec<_>, _>>()?;
    for (entry, sandbox) in entries.iter_mut().zip(&sandboxes) {
        entry.call(sandbox, world)?;
    }
    for _ in 0..CALLS {
        for (entry, sandbox) in entries.iter_mut().zip(&sandboxes) {
            let time = entry.call(sandbox, world)?;
            entry.calls.push(time);
        }
    }
    let rust = entries.first().map(|entry| entry.calls.clone()).unwrap_or_default();
    let mut text = String::from(
        "| language | component | compiled code | compile | peak memory | load | first call | a call | against Rust |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for entry in &entries {
        let compiled = entry.compile()?;
        let (loads, firsts): (Vec<_>, Vec<_>) = entry.first_calls(world)?.into_iter().unzip();
        let ratios = entry.calls.iter().zip(&rust).map(|(own, rust)| own / rust);
        text.push_str(&format!(
            "| {} | {:.3} MB | {:.2} MB | {:.2} s | {:.0} MiB | {:.2} ms | {:.2} ms | {:.0} us | **{:.1}** |\n",
            entry.language,
            size(&entry.file)? as f64 / 1e6,
            files(&entry.cache)?.iter().map(|file| size(file)).sum::<Result<u64, _>>()? as f64 / 1e6,
            median(compiled.iter().map(|usage| usage.user + usage.system)),
            median(compiled.iter().map(|usage| usage.peak_mib)),
            median(loads) / 1e3,
            median(firsts) / 1e3,
            median(entry.calls.iter().copied()),
            median(ratios),
        ));
    }
    Ok(text)
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    Spread::of(values).map_or(f64::NAN, |spread| spread.median)
}

fn size(file: &Path) -> std::io::Result<u64> {
    Ok(fs::metadata(file)?.len())
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// The policy of a world in a language, built anew, but for that in Rust, which `make bench` builds.
fn entry(language: &Language, world: World) -> Result<Entry, Box<dyn Error>> {
    let all = target().join("bench-languages");
    let name = format!("{}-{}", language.option, world.name());
    let (folder, cache) = (all.join(&name), all.join(format!("{name}-compiled")));
    for old in [&folder, &cache] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    fs::create_dir_all(&all)?;
    let cases = workspace().join("host/templates/cases").join(world.name());
    let cache_text = cache.to_string_lossy();
    let (plugin, file) = if language.name == RUST {
        let crate_name = if world == World::UriPolicy { "bench-uri" } else { "bench-parameters" };
        let file = format!("wasm32-unknown-unknown/release/{}.wasm", crate_name.replace('-', "_"));
        (crate_name.to_owned(), target().join(file))
    } else {
        wasmux(&all, &["plugin", "new", &name, "--world", world.name(), "--lang", language.option])?;
        if let Some((there, here)) = language.tool {
            let tools = std::env::var_os("WASMUX_LANGUAGES").map_or_else(|| target().join("languages"), PathBuf::from);
            symlink(tools.join(there), folder.join(here))?;
        }
        wasmux(&folder, &["plugin", "build", "--cache", &cache_text])?;
        (name.clone(), folder.join(format!("{name}.wasm")))
    };
    let (file_text, cases_text) = (file.to_string_lossy(), cases.to_string_lossy());
    wasmux(&all, &["plugin", "test", &file_text, "--cases", &cases_text, "--cache", &cache_text])?;
    Ok(Entry { language: language.name, file, cache, plugin: plugin.parse()?, calls: Vec::new() })
}

fn binary() -> PathBuf {
    target().join("release/wasmux")
}

fn wasmux(folder: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let output = Command::new(binary()).args(arguments).current_dir(folder).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("wasmux {arguments:?} in {}: {}", folder.display(), String::from_utf8_lossy(&said)).into())
}

impl Entry {
    /// A sandbox as that of a process that has used nothing yet.
    fn sandbox(&self) -> Result<Arc<Sandbox>, Box<dyn Error>> {
        let config = SandboxConfig {
            plugin_files: vec![self.file.clone()],
            cache_folder: Some(self.cache.clone()),
            max_component_bytes: MAX_COMPONENT_BYTES,
            ..SandboxConfig::default()
        };
        Ok(Sandbox::new(config)?)
    }

    /// What a process takes that compiles the component.
    fn compile(&self) -> std::io::Result<Vec<Usage>> {
        let run = || measure(Command::new(binary()).args(["plugin", "check", "--no-cache"]).arg(&self.file));
        (0..COMPILATIONS).map(|_| run()).collect()
    }

    /// Loads, and the first call after each, in microseconds.
    fn first_calls(&self, world: World) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
        let first = |_| {
            let sandbox = self.sandbox()?;
            let begun = Instant::now();
            sandbox.prepare(&self.plugin).map_err(as_text)?;
            Ok((microseconds(begun), self.call(&sandbox, world)?))
        };
        (0..LOADS).map(first).collect()
    }

    /// Asks for one decision; the answer is its time in microseconds.
    fn call(&self, sandbox: &Sandbox, world: World) -> Result<f64, Box<dyn Error>> {
        let variables = VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let document =
            fs::read_to_string(workspace().join("host/templates/cases/parameter-policy/full-hd/request.json"))?;
        let begun = Instant::now();
        let answer = match world {
            World::UriPolicy => sandbox.expand(&self.plugin, TEMPLATE, &variables),
            _ => sandbox.resolve(&self.plugin, &document),
        };
        let time = microseconds(begun);
        answer.map_err(as_text)?;
        Ok(time)
    }
}

fn as_text(error: impl Display) -> String {
    error.to_string()
}

fn microseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6
}
