//! Guests that misbehave. Each case says which failure it must be, and that a good run in the same process afterwards still
//! gives the right picture.
//!
//! The guests are built by `cargo build --release --target wasm32-unknown-unknown -p hostile-filter -p hostile-uri-policy
//! -p hostile-parameter-policy -p hostile-wrong-world`. `WASMUX_PLUGINS_BUILT` names their folder where it is not the usual one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod clips;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use wasmux::intake::SubmissionCheck;
use wasmux::media::Frame;
use wasmux::pipeline::{FilterFactory, FilterRequest, FrameFilter, OpenFilter};
use wasmux::resolve::{Answer, ParameterPolicy, UriPolicy};
use wasmux::sandbox::{AssetReader, AssetSource, Limits, Sandbox, SandboxConfig};
use wasmux::task::{
    Colour, ErrorCode, Failure, ObjectUri, Picture, PixelFormat, PluginName, PluginRef, Rational, Rect, Stage,
};

const PICTURE: Picture = Picture {
    width: 32,
    height: 16,
    pixel_format: PixelFormat::Yuv420p,
    sample_aspect: Rational::ONE,
    frame_rate: None,
    colour: Colour::UNSPECIFIED,
};

/// One object of ten bytes, and a movie.
struct OneAsset;

impl AssetSource for OneAsset {
    fn open(&self, uri: &ObjectUri) -> Result<Box<dyn AssetReader>, String> {
        match uri.key() {
            "asset" => Ok(Box::new(Self)),
            "movie" => Ok(Box::new(clips::movie())),
            _ => Err(format!("{uri} does not exist")),
        }
    }
}

impl AssetReader for OneAsset {
    fn length(&self) -> u64 {
        10
    }

    fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), String> {
        assert!(offset + out.len() as u64 <= 10, "the sandbox asks for bytes that are not there");
        out.fill(7);
        Ok(())
    }
}

fn built() -> PathBuf {
    let given = std::env::var_os("WASMUX_PLUGINS_BUILT").map(PathBuf::from);
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    given.unwrap_or_else(|| target.unwrap_or(usual).join("wasm32-unknown-unknown/release"))
}

/// A folder with the hostile components alone, removed at the end.
struct Plugins(PathBuf);

impl Plugins {
    fn new(names: &[&str]) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("wasmux-hostile-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        for name in names {
            let file = format!("{}.wasm", name.replace('-', "_"));
            let from = built().join(&file);
            std::fs::copy(&from, folder.join(&file)).unwrap_or_else(|error| {
                panic!("{}: {error}; build the plugins first (see the top of this test)", from.display())
            });
        }
        Self(folder)
    }

    fn sandbox(&self, limits: Limits) -> Arc<Sandbox> {
        let config = SandboxConfig {
            plugin_folder: Some(self.0.clone()),
            limits,
            assets: Arc::new(OneAsset),
            ..SandboxConfig::default()
        };
        Sandbox::new(config).unwrap()
    }
}

impl Drop for Plugins {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Deadlines short enough for a test, long enough for honest work on a busy machine: they count CPU time.
fn limits() -> Limits {
    Limits { open_cpu_ms: 400, frame_cpu_ms: 200, memory_bytes: 160 << 20, ..Limits::default() }
}

fn plugin(name: &str) -> PluginRef {
    name.parse().unwrap()
}

fn frame(index: u64) -> Frame {
    let mut frame = Frame::blank(&PICTURE, 40_000_000 * index as i64, 40_000_000, index).unwrap();
    let ramp: Vec<u8> = (0..=255).cycle().take(32 * 16).collect();
    frame.write_rect(0, whole(), &ramp).unwrap();
    frame
}

fn whole() -> Rect {
    Rect { x: 0, y: 0, width: 32, height: 16 }
}

fn luma(frame: &Frame) -> Vec<u8> {
    let mut samples = Vec::new();
    frame.read_rect(0, whole(), &mut samples).unwrap();
    samples
}

fn open(sandbox: &Sandbox, parameters: &Value) -> Result<OpenFilter, Failure> {
    sandbox.open(FilterRequest { plugin: &plugin("hostile-filter"), parameters, picture: &PICTURE })
}

/// Opens, processes three frames, finishes.
fn run(sandbox: &Sandbox, parameters: &Value) -> Result<(), Failure> {
    let mut filter = open(sandbox, parameters)?.filter;
    let result = (0..3).try_for_each(|index| filter.process(&mut frame(index)));
    match result {
        Ok(()) => filter.finish().map(drop),
        Err(failure) => {
            assert_still_dead(&mut *filter, &failure);
            Err(failure)
        }
    }
}

/// After a trap the instance is gone and says so, always in the same words. A typed error is no trap.
fn assert_still_dead(filter: &mut dyn FrameFilter, failure: &Failure) {
    if failure.code != ErrorCode::PluginError {
        assert_eq!(filter.process(&mut frame(9)).unwrap_err(), *failure);
        assert_eq!(filter.finish().unwrap_err(), *failure);
    }
}

fn assert_good_run(sandbox: &Sandbox) {
    let mut filter = open(sandbox, &json!({"Behaviour": "invert"})).unwrap().filter;
    let mut picture = frame(0);
    let before = luma(&picture);
    filter.process(&mut picture).unwrap();
    filter.finish().unwrap();
    assert_eq!(luma(&picture), before.iter().map(|sample| !sample).collect::<Vec<_>>());
    assert_eq!((picture.index, picture.duration_ns), (0, 40_000_000));
}

#[test]
fn every_misdeed_has_its_failure_and_harms_nobody_else() {
    use ErrorCode::{PluginDeadline, PluginError, PluginMemory, PluginTrap};
    let cases = [
        ("loop-in-open", PluginDeadline, "400 ms of CPU time"),
        ("loop-in-process", PluginDeadline, "in process of frame 0"),
        ("loop-in-third-frame", PluginDeadline, "in process of frame 2"),
        ("loop-in-finish", PluginDeadline, "in finish"),
        ("loop-in-drop", PluginDeadline, "in finish"),
        ("eat-memory", PluginMemory, "memory_bytes is 167772160"),
        ("eat-memory-in-process", PluginMemory, "memory_bytes is 167772160"),
        ("trap", PluginTrap, "wasm `unreachable` instruction executed"),
        ("trap-in-open", PluginTrap, "in open"),
        ("stack-overflow", PluginTrap, "out of bounds memory access"),
        ("call-stack-overflow", PluginTrap, "call stack exhausted"),
        ("write-outside", PluginTrap, "leaves plane 0"),
        ("write-below", PluginTrap, "leaves plane 0"),
        ("wrong-length", PluginTrap, "3 bytes were given"),
        ("wrong-plane", PluginTrap, "plane 3 does not exist"),
        ("read-outside", PluginTrap, "leaves plane 1"),
        ("late-region", PluginTrap, "outside of `open`"),
        ("many-regions", PluginTrap, "more than 1000 regions"),
        ("write-outside-region", PluginTrap, "4x2 samples at (14, 0) of plane 0"),
        ("write-chroma-outside-region", PluginTrap, "at (8, 0) of plane 1"),
        ("keep-setup", PluginTrap, ""),
        ("keep-frame", PluginTrap, "in finish"),
        ("leak-frame", PluginTrap, ""),
        ("typed-error", PluginError, "NotToMyTaste: Behaviour: the behaviour is not to my taste"),
        ("typed-error-in-process", PluginError, "the second half is not to my taste"),
        ("typed-error-in-finish", PluginError, "finished badly"),
        ("huge-error", PluginMemory, "returned_bytes"),
        ("long-log", PluginMemory, "returned_bytes"),
    ];
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    for (behaviour, code, text) in cases {
        let failure = run(&sandbox, &json!({"Behaviour": behaviour})).expect_err(behaviour);
        assert_eq!(
            (failure.code, failure.stage, failure.target),
            (code, Stage::Filter, None),
            "{behaviour}: {failure}"
        );
        assert!(failure.message.starts_with("plugin hostile-filter 0.1.0: "), "{behaviour}: {failure}");
        assert!(failure.message.contains(text), "{behaviour}: {failure}");
        assert!(failure.message.len() < 3_000, "{behaviour}: {} bytes", failure.message.len());
        assert_good_run(&sandbox);
    }
}

#[test]
fn what_is_only_rude_is_tolerated_within_its_caps() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    for behaviour in ["flood-log", "write-inside-region", "write-across-regions", "nothing-to-do", "unknown"] {
        run(&sandbox, &json!({"Behaviour": behaviour})).unwrap_or_else(|failure| panic!("{behaviour}: {failure}"));
    }
    let warnings = open(&sandbox, &json!({"Behaviour": "flood-warnings"})).unwrap().warnings;
    assert_eq!(warnings.len(), 101);
    assert_eq!((warnings[0].code.as_str(), warnings[0].field.as_str()), ("Flood", "Behaviour"));
    assert!(warnings[100].message.contains("4900 more warnings"));
    let failure = run(&sandbox, &json!({"Behaviour": "long-error"})).unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginError);
    assert!(failure.message.len() < 3_000);
    assert_good_run(&sandbox);
}

#[test]
fn outside_of_its_regions_a_filter_is_not_called() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    let mut opened = open(&sandbox, &json!({"Behaviour": "early-only"})).unwrap();
    let regions = opened.regions.unwrap();
    assert_eq!((regions[0].area, regions[0].start, regions[0].end), (whole(), 0, Some(1_000_000)));
    opened.filter.process(&mut frame(1)).unwrap();
    let mut written = frame(0);
    let mut filter = open(&sandbox, &json!({"Behaviour": "write-inside-region"})).unwrap().filter;
    filter.process(&mut written).unwrap();
    let (samples, before) = (luma(&written), luma(&frame(0)));
    for (place, sample) in samples.iter().enumerate() {
        let inside = place % 32 < 16;
        assert_eq!(*sample, if inside { 200 } else { before[place] }, "sample {place}");
    }
}

#[test]
fn a_failing_frame_comes_back_to_its_owner() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    let mut filter = open(&sandbox, &json!({"Behaviour": "trap"})).unwrap().filter;
    let mut picture = frame(5);
    filter.process(&mut picture).unwrap_err();
    assert_eq!((picture.width(), picture.index, luma(&picture)), (32, 5, luma(&frame(5))));
}

#[test]
fn warnings_after_opening_come_with_the_end() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    let mut opened = open(&sandbox, &json!({"Behaviour": "late-warning"})).unwrap();
    assert!(opened.warnings.is_empty());
    opened.filter.process(&mut frame(0)).unwrap();
    let warnings = opened.filter.finish().unwrap();
    let said: Vec<_> = warnings.iter().map(|warning| (warning.code.as_str(), warning.field.as_str())).collect();
    assert_eq!(said, [("Late", "Behaviour")]);
}

#[test]
fn assets_are_exactly_those_that_were_granted() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(Limits { asset_bytes: 1_000, ..limits() });
    let uri = "oss://bucket/asset";
    run(&sandbox, &json!({"Behaviour": "use-asset", "Asset": uri})).unwrap();
    let failure = run(&sandbox, &json!({"Behaviour": "ungranted-asset", "Other": uri})).unwrap_err();
    assert!(failure.message.contains("NotGranted: as it should be"), "{failure}");
    let failure = run(&sandbox, &json!({"Behaviour": "ungranted-asset", "Asset": "oss://bucket/other", "Other": uri}))
        .unwrap_err();
    assert!(failure.message.contains("NotGranted: as it should be"), "{failure}");
    let failure = run(&sandbox, &json!({"Behaviour": "use-asset", "Asset": "oss://bucket/gone"})).unwrap_err();
    assert!(failure.message.contains("oss://bucket/gone does not exist"), "{failure}");
    let failure = run(&sandbox, &json!({"Behaviour": "greedy-asset", "Asset": uri})).unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginMemory);
    assert!(failure.message.contains("1000 bytes of assets"), "{failure}");
    assert_good_run(&sandbox);
}

/// Needs the default fonts, and does nothing where they are not installed.
#[test]
fn fonts_are_handed_out_and_their_handles_are_limited() {
    if wasmux::sandbox::Fonts::default().find("DejaVuSans").is_none() {
        return;
    }
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    run(&sandbox, &json!({"Behaviour": "use-font"})).unwrap();
    let failure = run(&sandbox, &json!({"Behaviour": "hoard-fonts"})).unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginMemory, "{failure}");
    assert_good_run(&sandbox);
}

#[test]
fn parameters_and_pictures_are_checked_before_the_guest_sees_them() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    let faults = sandbox
        .check_parameters(&plugin("hostile-filter"), &json!({"Behaviour": "", "Asset": "http://x", "Colour": 1}))
        .unwrap();
    let mut fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["Asset", "Behaviour", "Colour"]);
    assert_eq!(run(&sandbox, &json!({})).unwrap_err().code, ErrorCode::PluginError);
    let picture = Picture { pixel_format: PixelFormat::Yuv420p10le, ..PICTURE };
    let parameters = json!({"Behaviour": "invert"});
    let request = FilterRequest { plugin: &plugin("hostile-filter"), parameters: &parameters, picture: &picture };
    let failure = sandbox.open(request).err().unwrap();
    assert_eq!(failure.code, ErrorCode::PluginIncompatible);
    assert!(failure.message.contains("does not take yuv420p10le") && failure.message.contains("8 bit"), "{failure}");
    let mut filter = open(&sandbox, &parameters).unwrap().filter;
    let mut other = Frame::blank(&Picture { width: 64, ..PICTURE }, 0, 0, 0).unwrap();
    assert_eq!(filter.process(&mut other).unwrap_err().code, ErrorCode::Internal);
}

#[test]
fn limits_can_be_set_for_one_plugin() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let tight = Limits { memory_bytes: 4 << 20, ..limits() };
    let config = SandboxConfig {
        plugin_folder: Some(plugins.0.clone()),
        plugin_limits: HashMap::from([(PluginName::new("hostile-filter").unwrap(), tight)]),
        ..SandboxConfig::default()
    };
    let failure = run(&Sandbox::new(config).unwrap(), &json!({"Behaviour": "eat-memory"})).unwrap_err();
    assert!(failure.message.contains("memory_bytes is 4194304"), "{failure}");
}

#[test]
fn a_policy_is_held_to_its_answer() {
    let plugins = Plugins::new(&["hostile-uri-policy", "hostile-parameter-policy"]);
    let sandbox = plugins.sandbox(limits());
    let uri = |template: &str| {
        let variables = [("bucket".to_owned(), "media".to_owned())];
        sandbox.expand(&plugin("hostile-uri-policy"), template, &variables)
    };
    let parameters = |document: &str| sandbox.resolve(&plugin("hostile-parameter-policy"), document);
    let cases: [(&str, Result<Answer, Failure>, ErrorCode); 7] = [
        ("uri huge", uri("huge"), ErrorCode::PluginMemory),
        ("uri trap", uri("trap"), ErrorCode::PluginTrap),
        ("uri loop", uri("loop"), ErrorCode::PluginDeadline),
        ("uri region", uri("region"), ErrorCode::PluginTrap),
        ("uri error", uri("absent"), ErrorCode::PluginError),
        ("parameters huge", parameters("huge"), ErrorCode::PluginMemory),
        ("parameters not UTF-8", parameters("not-utf-8"), ErrorCode::PluginTrap),
    ];
    for (name, answer, code) in cases {
        let failure = answer.expect_err(name);
        assert_eq!((failure.code, failure.stage), (code, Stage::Resolve), "{name}: {failure}");
    }
    let answer = uri("bucket").unwrap();
    assert_eq!((answer.text.as_str(), answer.warnings.len()), ("media", 1));
    // Whether the answer is JSON is for `resolve` to judge.
    assert_eq!(parameters("anything").unwrap().text, "{ this is garbage, not JSON");
}

#[test]
fn templates_are_checked_at_submission() {
    let plugins = Plugins::new(&["hostile-uri-policy", "hostile-parameter-policy"]);
    let sandbox = plugins.sandbox(limits());
    let check =
        |template: &str| sandbox.check_template(&plugin("hostile-uri-policy"), template, &["bucket".to_owned()]);
    assert_eq!(check("bucket").unwrap(), Ok(()));
    let fault = check("absent").unwrap().unwrap_err();
    assert_eq!((fault.field.as_str(), fault.message.contains("there are bucket")), ("URI", true));
    assert_eq!(check("trap").unwrap_err().code, ErrorCode::PluginTrap);
    assert_eq!(sandbox.check_parameter_policy(&plugin("hostile-parameter-policy")), Ok(()));
    let failure = sandbox.check_parameter_policy(&plugin("hostile-uri-policy")).unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginIncompatible);
    assert!(failure.message.contains("there are hostile-parameter-policy 0.1.0"), "{failure}");
}

#[test]
fn another_world_is_listed_as_broken_and_never_compiled() {
    let plugins = Plugins::new(&["hostile-wrong-world", "hostile-filter"]);
    let sandbox = plugins.sandbox(limits());
    assert_eq!(sandbox.list().len(), 1);
    assert!(sandbox.broken()[0].reason.contains("acme:other/somewhere-else@2.0.0"), "{:?}", sandbox.broken());
    let failure = sandbox.plugin_id(&plugin("hostile-wrong-world")).unwrap_err();
    assert_eq!(failure.code, ErrorCode::PluginNotFound);
    assert!(failure.message.contains("this host serves wasmux:plugin/uri-policy@0.1.0"), "{failure}");
}

#[test]
fn compiled_code_is_shared_by_processes_and_threads() {
    let plugins = Plugins::new(&["hostile-filter"]);
    let cache = plugins.0.join("cache");
    let sandbox = || {
        let (plugin_folder, cache_folder) = (Some(plugins.0.clone()), Some(cache.clone()));
        Sandbox::new(SandboxConfig { plugin_folder, cache_folder, limits: limits(), ..SandboxConfig::default() })
            .unwrap()
    };
    let first = sandbox();
    std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| assert_good_run(&first))));
    });
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    let id = sandbox().prepare(&plugin("hostile-filter")).unwrap();
    assert!(id.digest.starts_with("sha256:") && id.digest.len() == 71);
    assert_good_run(&sandbox());
}
