//! Stand-ins for plugins and buckets, and short ways to ask.

use std::cell::RefCell;
use std::sync::LazyLock;

use semver::Version;
use serde_json::{Value, json};

use crate::intake::{
    BucketRights, CheckFault, Context, Faults, Limits, NoticeRights, RoleDefaults, SubmissionCheck, intake_value,
};
use crate::task::fault::FaultCode;
use crate::task::{ErrorCode, Failure, Pin, PluginId, PluginRef, Policies, Stage, TaskSpec, TopicName};

/// Plugins: the four built-in ones and `own`. Records what it was asked.
#[derive(Default)]
pub(super) struct Plugins {
    /// Answer of `check_template`.
    pub(super) template_fault: Option<CheckFault>,
    /// Answer of `check_parameters`.
    pub(super) parameter_faults: Vec<CheckFault>,
    /// Templates with the variables that were available.
    pub(super) templates: RefCell<Vec<(String, Vec<String>)>>,
    /// Parameters by plugin.
    pub(super) parameters: RefCell<Vec<(String, Value)>>,
}

fn known(plugin: &PluginRef) -> Result<(), Failure> {
    let names = ["watermark", "delogo", "uri-template", "parameters", "own"];
    if names.contains(&plugin.name.as_str()) {
        return Ok(());
    }
    let message = format!("there is no plugin `{plugin}`; there are {}", names.join(", "));
    Err(Failure::new(ErrorCode::PluginNotFound, Stage::Resolve, message))
}

impl SubmissionCheck for Plugins {
    /// Versions 1.2.0 of all, of which `own` comes from outside.
    fn pin(&self, plugin: &PluginRef) -> Result<PluginRef, Failure> {
        known(plugin)?;
        let (name, version) = (plugin.name.clone(), Version::new(1, 2, 0));
        if !plugin.version.matches(&version) {
            let message = format!("there is no plugin `{plugin}`; there are {name} {version}");
            return Err(Failure::new(ErrorCode::PluginNotFound, Stage::Resolve, message));
        }
        if name.as_str() != "own" {
            return Ok(PluginRef { pin: Some(Pin::BuiltIn), ..plugin.clone() });
        }
        Ok(PluginRef::exactly(&PluginId { name, version, digest: format!("sha256:{}", "0a".repeat(32)) }))
    }

    fn assets(&self, _: &PluginRef, parameters: &Value) -> Vec<String> {
        parameters["Table"].as_str().map(str::to_owned).into_iter().collect()
    }

    fn check_template(
        &self,
        plugin: &PluginRef,
        template: &str,
        available: &[String],
    ) -> Result<Result<(), CheckFault>, Failure> {
        known(plugin)?;
        self.templates.borrow_mut().push((template.to_owned(), available.to_vec()));
        Ok(self.template_fault.clone().map_or(Ok(()), Err))
    }

    fn check_parameters(&self, plugin: &PluginRef, parameters: &Value) -> Result<Vec<CheckFault>, Failure> {
        known(plugin)?;
        self.parameters.borrow_mut().push((plugin.to_string(), parameters.clone()));
        Ok(self.parameter_faults.clone())
    }

    fn check_parameter_policy(&self, plugin: &PluginRef) -> Result<(), Failure> {
        known(plugin)
    }

    fn font_names(&self) -> Vec<String> {
        vec!["Corporate".into()]
    }
}

/// One bucket for everything: `test-bucket`; and `archive`, which is only read.
pub(super) struct Buckets;

impl BucketRights for Buckets {
    fn of(&self, _: &str) -> Box<dyn BucketRights + '_> {
        Box::new(Self)
    }

    fn can_read(&self, bucket: &str, _key: &str) -> Result<(), String> {
        let there = matches!(bucket, "test-bucket" | "archive");
        there.then_some(()).ok_or_else(|| format!("names bucket {bucket}; this project reads test-bucket and archive"))
    }

    fn can_write(&self, bucket: &str, _key: &str) -> Result<(), String> {
        (bucket == "test-bucket")
            .then_some(())
            .ok_or_else(|| format!("names bucket {bucket}; this project writes test-bucket"))
    }
}

/// `topic` has a sink, and messages go to `https`.
struct Notices;

impl NoticeRights for Notices {
    fn topic(&self, name: &TopicName) -> Result<(), String> {
        let there = name.as_str() == "topic";
        there.then_some(()).ok_or_else(|| format!("no message is sent: there is no sink for {name}"))
    }

    fn webhook(&self, url: &str) -> Result<(), String> {
        url.starts_with("https://").then_some(()).ok_or_else(|| "must begin with https://".to_owned())
    }

    fn sends(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The defaults of one project differ.
static DEFAULTS: LazyLock<RoleDefaults> = LazyLock::new(|| {
    let own = Policies { watermark: "own".parse().unwrap(), ..Policies::default() };
    RoleDefaults { projects: [("branded".to_owned(), own)].into(), ..RoleDefaults::default() }
});

pub(super) fn context(plugins: &Plugins) -> Context<'_> {
    Context { check: plugins, buckets: &Buckets, defaults: &DEFAULTS, notices: &Notices, limits: Limits::default() }
}

pub(super) fn ask(request: &Value) -> Result<TaskSpec, Faults> {
    intake_value(request, &context(&Plugins::default()))
}

/// The faults as (code, path), in their order.
pub(super) fn faults(request: &Value) -> Vec<(FaultCode, String)> {
    let faults = ask(request).expect_err("the request has faults");
    faults.into_vec().into_iter().map(|fault| (fault.code, fault.field.as_str().to_owned())).collect()
}

/// The warnings as (code, path), in their order.
pub(super) fn warnings(request: &Value) -> Vec<(String, String)> {
    let spec = ask(request).expect("the request has no faults");
    spec.warnings.iter().map(|warning| (warning.code.clone(), warning.field.clone())).collect()
}

/// A valid request that gives every field which this version takes.
pub(in crate::intake) fn full() -> Value {
    json!({
        "ProjectName": "test-project",
        "UserData": "order 7",
        "AlignmentIndex": 0,
        "TolerateDamage": true,
        "Tags": {"customer": "acme"},
        "Notification": {"MNS": {"TopicName": "topic"}, "RocketMQ": {"InstanceId": "i", "TopicName": "t"}, "ExtendedMessageURI": "oss://test-bucket/m.json",
            "Webhook": {"URL": "https://example.org/done", "RetryPolicy": "BACKOFF"}},
        "CredentialConfig": {"ServiceRole": "role", "Policy": "policy", "Chain": [{"AssumeRoleFor": "1", "Role": "r", "RoleType": "user"}]},
        "Sources": [{
            "URI": "oss://test-bucket/video-demo/in.mov", "StartTime": 0, "Duration": 0.0, "AlignMode": "false",
            "Attached": false, "DisableVideo": false, "DisableAudio": false
        }],
        "Targets": [{
            "URI": "oss://test-bucket/video-demo/out-{resolution}.{autoext}",
            "Container": "mp4",
            "Speed": 1,
            "StripMetadata": true,
            "Subtitle": {"DisableSubtitle": true},
            "Policies": {"Watermark": "watermark@^1", "Delogo": {"Name": "delogo", "Version": "*"}, "URITemplate": "uri-template", "Parameters": "parameters"},
            "Audio": {
                "DisableAudio": false,
                "Stream": [0],
                "FilterAudio": {"Mixing": false},
                "TranscodeAudio": {
                    "Codec": "aac", "Bitrate": 96000, "BitrateOption": "adaptive", "BitsPerSample": 16, "Channel": 2,
                    "SampleRate": 44100, "SampleRateOption": "fall"
                }
            },
            "Video": {
                "DisableVideo": false,
                "Stream": [0],
                "TranscodeVideo": {
                    "Codec": "h264", "CRF": 24, "MaxBitrate": 4000000, "BufferSize": 8000000, "GOPSize": 120, "BFrames": 0,
                    "Refs": 4, "PixelFormat": "yuv420p", "FrameRate": 29.97, "FrameRateOption": "adaptive",
                    "Resolution": "x720", "ResolutionOption": "fall", "ScaleType": "fit",
                    "AdaptiveResolutionDirection": true, "Rotation": 90, "VideoSlim": 0, "Preset": "fast"
                },
                "FilterVideo": {
                    "Speed": 1.0,
                    "Plugins": [{
                        "Name": "own", "Version": "^1", "Params": {}, "StartTime": 0.5, "Duration": 1, "OnError": "skip"
                    }],
                    "Watermarks": [
                        {
                            "Type": "text", "Content": "hello", "Dx": 0.05, "Dy": 10, "ReferPos": "bottomright", "StartTime": 1,
                            "Duration": 2.5, "FontSize": 40, "FontApha": 0.5, "FontColor": "#FFFFFF", "FontName": "SourceHanSerif-Bold",
                            "BorderWidth": 2, "BorderColor": "red"
                        },
                        {"Type": "file", "URI": "oss://archive/logo.png", "Width": 0.1, "Height": 600.0}
                    ],
                    "Delogos": [{"Dx": 0, "Dy": 0, "Width": 1, "Height": 0.1, "ReferPos": "topleft", "StartTime": 0, "Duration": 1}]
                }
            }
        }]
    })
}

/// A short valid request of one target, with some fields of the target replaced.
pub(super) fn with_target(fields: &Value) -> Value {
    let mut target = json!({"URI": "oss://test-bucket/out.mp4", "Container": "mp4"});
    for (name, value) in fields.as_object().expect("an object") {
        target[name] = value.clone();
    }
    json!({"ProjectName": "p", "Sources": [{"URI": "oss://test-bucket/in.mov"}], "Targets": [target]})
}

/// The same with a transcoded video.
pub(super) fn with_video(transcode: &Value) -> Value {
    with_target(&json!({"Video": {"TranscodeVideo": with(json!({"Codec": "h264"}), transcode)}}))
}

/// The same with one watermark.
pub(super) fn with_watermark(watermark: &Value) -> Value {
    with_target(&json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": {"Watermarks": [watermark]}}}))
}

/// An object with the fields of another put over it.
pub(super) fn with(mut object: Value, over: &Value) -> Value {
    for (name, value) in over.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}
