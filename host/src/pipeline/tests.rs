//! Whole runs with native filters in the place of components.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::*;
use crate::media::{Demuxer, FileSource, Frame, Interrupt, verify};
use crate::plan::{NodeId, Operation, Plan, plan};
use crate::task::resolved::Size;
use crate::task::spec::{LessOption, ScaleType, TaskParts, VideoTarget};
use crate::task::*;

/// What a test's filter does with a frame.
type Effect = Box<dyn FnMut(&mut Frame) -> Result<(), Failure> + Send>;

struct Native(Effect, Arc<AtomicU64>);

impl FrameFilter for Native {
    fn process(&mut self, frame: &mut Frame) -> Result<(), Failure> {
        self.1.fetch_add(1, Ordering::Relaxed);
        (self.0)(frame)
    }

    fn finish(&mut self) -> Result<Vec<Warning>, Failure> {
        let before = self.1.fetch_add(1000, Ordering::Relaxed);
        let message = format!("it was called {before} times");
        Ok(vec![Warning { code: "Counted".into(), field: "Count".into(), target: None, message }])
    }
}

fn id() -> PluginId {
    PluginId {
        name: PluginName::new("native").unwrap(),
        version: semver::Version::new(1, 0, 0),
        digest: "sha256:0".into(),
    }
}

fn demuxer() -> Demuxer {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/bigbuckbunny.mp4");
    Demuxer::open(Box::new(FileSource::open(&clip).unwrap()), &Interrupt::default()).unwrap()
}

/// One small output with one filter, sound copied.
/// Outputs of these tests are single files.
struct NoPlaces;

impl Places for NoPlaces {
    fn reserve(&self, uri: &ObjectUri) -> Result<PathBuf, Failure> {
        panic!("a place for {uri} was asked for")
    }
}

fn small_plan(facts: &MediaFacts) -> Plan {
    plan_of(facts, Size { width: 160, height: 90 })
}

fn plan_of(facts: &MediaFacts, size: Size) -> Plan {
    let rate = Rational::new(25, 1);
    let video = VideoTarget {
        codec: VideoCodec::H264,
        preset: Preset::Fast,
        rate: None,
        bitrate_option: LessOption::Fixed,
        max_bitrate: None,
        buffer_size: None,
        gop_size: None,
        b_frames: None,
        refs: None,
        pixel_format: None,
        frame_rate: None,
        frame_rate_option: LessOption::Fixed,
        resolution: None,
        resolution_option: LessOption::Fixed,
        adaptive_resolution_direction: false,
        scale_type: ScaleType::Stretch,
        rotation: Rotation::None,
        filters: vec![FilterWish::new(FilterRole::Watermark, "native".parse().unwrap(), json!({}))],
    };
    let target = TargetSpec {
        video: VideoWish::Transcode(Box::new(video)),
        audio: AudioWish::Copy,
        ..TargetSpec::new("t", Container::Mp4)
    };
    let spec = TaskSpec::seal(TaskParts {
        project_name: "p".into(),
        sources: vec![SourceSpec::new(ObjectUri::parse("oss://b/in.mp4").unwrap())],
        alignment: 0,
        targets: vec![target],
        tags: BTreeMap::new(),
        user_data: None,
        tolerate_damage: false,
        priority: 0,
        receivers: Vec::new(),
        warnings: Vec::new(),
    });
    let encoding = VideoEncoding {
        codec: VideoCodec::H264,
        preset: Preset::Fast,
        rate: VideoRate::Crf(35.0),
        max_bitrate: None,
        buffer_size: None,
        gop_size: 150,
        b_frames: 3,
        refs: 2,
        frame_rate: rate,
    };
    let resolved = ResolvedTarget {
        subtitles: Vec::new(),
        index: 0,
        uri: ObjectUri::parse("oss://b/out.mp4").unwrap(),
        uri_policy: id(),
        parameter_policy: id(),
        filters: vec![id()],
        videos: vec![ResolvedVideo::scaled(size, PixelFormat::Yuv420p, encoding)],
        joined: Vec::new(),
        audios: Vec::new(),
        warnings: Vec::new(),
    };
    plan(&spec, std::slice::from_ref(facts), vec![resolved], Vec::new()).unwrap()
}

/// Runs the plan with this filter; returns the calls that the filter got, 1000 more if it was finished.
fn run_with(
    name: &str,
    regions: Option<Vec<Region>>,
    interrupt: &Interrupt,
    effect: Effect,
) -> (Result<Finished, Failure>, u64, PathBuf) {
    let folder = std::env::temp_dir().join(format!("wasmux-pipeline-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let source = demuxer();
    let plan = small_plan(source.facts());
    let calls = Arc::new(AtomicU64::new(0));
    let filter = Native(effect, Arc::clone(&calls));
    let open = OpenFilter { plugin: id(), filter: Box::new(filter), regions, warnings: Vec::new() };
    let node = |wanted: fn(&Operation) -> bool| -> NodeId {
        plan.nodes().iter().find(|node| wanted(&node.operation)).unwrap().id
    };
    let filters = BTreeMap::from([(node(|operation| matches!(operation, Operation::Filter(_))), open)]);
    let path = folder.join("out.mp4");
    let outputs = BTreeMap::from([(node(|operation| matches!(operation, Operation::Mux { .. })), path)]);
    let inputs = Inputs {
        sources: vec![source],
        filters,
        outputs: &outputs,
        places: &NoPlaces,
        threads: 0,
        measuring: Measuring::default(),
    };
    let result = run(&plan, inputs, &Progress::default(), interrupt);
    (result, calls.load(Ordering::Relaxed), folder)
}

#[test]
fn a_filter_sees_the_frames_of_its_time_and_every_frame_is_written() {
    let area = Rect { x: 0, y: 0, width: 8, height: 8 };
    let second = 1_000_000_000;
    let regions = vec![Region { area, start: second, end: Some(2 * second) }];
    let effect: Effect = Box::new(move |frame| {
        assert!((second..2 * second).contains(&frame.time_ns), "{}", frame.time_ns);
        Ok(())
    });
    let (result, calls, folder) = run_with("window", Some(regions), &Interrupt::default(), effect);
    let finished = result.unwrap();
    assert_eq!(calls, 1025, "25 frames of one second, and the end");
    let [(node, warning)] = finished.of_filters.as_slice() else { panic!("{:?}", finished.of_filters) };
    assert_eq!((warning.message.as_str(), finished.warnings.len()), ("it was called 25 times", 0));
    assert!(finished.written.keys().all(|written| written != node));
    let written = finished.written.values().next().unwrap();
    let [(report, expected)] = written.parts.as_slice() else { panic!("{written:?}") };
    verify(report, expected, &Interrupt::default()).unwrap();
    assert_eq!(expected[0].packets, Some(132));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_filter_that_says_nothing_sees_every_frame_and_an_empty_region_none() {
    let (result, calls, folder) = run_with("all", None, &Interrupt::default(), Box::new(|_| Ok(())));
    result.unwrap();
    assert_eq!(calls, 1132);
    let nowhere = Region { area: Rect { x: 0, y: 0, width: 0, height: 0 }, start: 0, end: None };
    let (result, calls, _) = run_with("all", Some(vec![nowhere]), &Interrupt::default(), Box::new(|_| Ok(())));
    result.unwrap();
    assert_eq!(calls, 1000);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_first_failure_is_told_with_its_target_and_everything_stops() {
    let effect: Effect = Box::new(|frame| {
        if frame.index == 10 {
            return Err(Failure::new(ErrorCode::PluginTrap, Stage::Filter, "it trapped"));
        }
        Ok(())
    });
    let (result, calls, folder) = run_with("failure", None, &Interrupt::default(), effect);
    let failure = result.unwrap_err();
    assert_eq!(
        (failure.code, failure.target, failure.message.as_str()),
        (ErrorCode::PluginTrap, Some(0), "it trapped")
    );
    assert_eq!(calls, 11, "no frame after the failure, and no end");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_panic_is_a_failure_like_any_other() {
    let effect: Effect = Box::new(|_| panic!("a bug in a native filter"));
    let (result, _, folder) = run_with("panic", None, &Interrupt::default(), effect);
    let failure = result.unwrap_err();
    assert_eq!(failure.code, ErrorCode::Internal);
    assert!(failure.message.contains("a bug in a native filter"), "{failure}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_cancel_in_the_middle_stops_the_run() {
    let interrupt = Interrupt::default();
    let flag = interrupt.clone();
    let effect: Effect = Box::new(move |frame| {
        if frame.index == 20 {
            flag.trigger();
        }
        Ok(())
    });
    let (result, calls, folder) = run_with("cancel", None, &interrupt, effect);
    assert_eq!(result.unwrap_err().code, ErrorCode::Canceled);
    assert!(calls < 132, "{calls}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_decoder_that_encoders_wait_for_has_all_cores_and_any_other_a_part() {
    let facts = demuxer().facts().clone();
    let threads_at = |size, asked| {
        let plan = plan_of(&facts, size);
        let decoder = plan.nodes().iter().find(|node| matches!(node.operation, Operation::DecodeVideo { .. })).unwrap();
        threads::of_decoder(&plan, decoder.id, asked)
    };
    let cores = std::thread::available_parallelism().unwrap().get() as u32;
    assert_eq!(threads_at(Size { width: 160, height: 90 }, 0), 0);
    assert_eq!(threads_at(Size { width: 1280, height: 720 }, 0), cores.div_ceil(3));
    assert_eq!(threads_at(Size { width: 1280, height: 720 }, 5), 5);
}
