//! The message, as the vendor sends it.

use serde::Serialize;

use crate::queue::Notice;
use crate::task::{TaskOutput, TaskState, Timestamp};

/// What the message is about.
const TYPE: &str = "imm:Task:MediaConvert";

/// Who sends messages, as they say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) region: String,
    pub(super) account: String,
}

#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: String,
    /// Milliseconds since 1970.
    time: String,
    /// JSON as a text.
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Content<'a> {
    project_name: &'a str,
    dataset_name: &'a str,
    request_id: &'a str,
    start_time: Timestamp,
    end_time: Timestamp,
    user_data: &'a str,
    task_type: &'a str,
    task_id: String,
    status: &'a str,
    code: String,
    message: &'a str,
    event_source_id: &'a str,
    sources: Vec<Source>,
    targets: Vec<Target>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Source {
    #[serde(rename = "URI")]
    uri: String,
    subtitle_sources: Option<Vec<Source>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    #[serde(rename = "URI")]
    uri: String,
    subtitle: Subtitle,
    image: Image,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Subtitle {
    extract: Extract,
}

#[derive(Serialize)]
struct Extract {
    #[serde(rename = "URI")]
    uri: String,
}

/// Pictures are not made in this version.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Image {
    sprites: Option<Vec<String>>,
    snapshots: Option<Vec<String>>,
    animations: Option<Vec<String>>,
}

/// Id of a message: the same however often it is sent.
pub(super) fn id(notice: &Notice) -> String {
    let task = notice.task.to_string();
    format!("{}-{}", task.rsplit_once("MediaConvert-").map_or(task.as_str(), |(_, id)| id), notice.number)
}

/// The whole message as JSON.
pub(super) fn message(sender: &Sender, notice: &Notice) -> Result<Vec<u8>, serde_json::Error> {
    let record = &notice.record;
    let ended = record.ended.unwrap_or(record.created);
    let failure = record.failure.as_ref();
    let content = Content {
        project_name: &record.project,
        dataset_name: "",
        request_id: &record.event_id,
        start_time: record.started.unwrap_or(record.created),
        end_time: ended,
        user_data: record.user_data.as_deref().unwrap_or_default(),
        task_type: "MediaConvert",
        task_id: notice.task.to_string(),
        status: record.state.name(),
        code: failure.map(|failure| failure.code.to_string()).unwrap_or_default(),
        message: failure.map(|failure| failure.message.as_str()).unwrap_or_default(),
        event_source_id: "",
        sources: sources(notice),
        targets: targets(notice),
    };
    let Sender { region, account } = sender;
    serde_json::to_vec(&Envelope {
        id: &id(notice),
        source: "acs.imm",
        kind: TYPE,
        subject: format!("acs:imm:{region}:{account}:{}/{TYPE}", record.project),
        time: ended.millis().to_string(),
        content: serde_json::to_string(&content)?,
    })
}

fn sources(notice: &Notice) -> Vec<Source> {
    let plain = |uri: String| Source { uri, subtitle_sources: None };
    let of = |source: &crate::task::SourceSpec| {
        let subtitles: Vec<_> = source.subtitles.iter().map(|subtitle| plain(subtitle.uri.to_string())).collect();
        Source { uri: source.uri.to_string(), subtitle_sources: (!subtitles.is_empty()).then_some(subtitles) }
    };
    notice.spec.iter().flat_map(|spec| spec.sources.iter().map(of)).collect()
}

/// One for each target of the request; without URIs where the task made no outputs.
fn targets(notice: &Notice) -> Vec<Target> {
    let Some(spec) = &notice.spec else { return Vec::new() };
    let succeeded = notice.record.state == TaskState::Succeeded;
    let wanted = spec.targets.iter().enumerate();
    let of = |(index, target): (usize, &crate::task::TargetSpec)| {
        let made = notice.record.outputs.iter().filter(|output| succeeded && output.target == index);
        let is_text = |output: &TaskOutput| {
            target.subtitle.extract.is_some()
                && output.facts.video_streams.is_empty()
                && output.facts.audio_streams.is_empty()
        };
        let (texts, media): (Vec<_>, Vec<_>) = made.partition(|output| is_text(output));
        let uri = |outputs: &[&TaskOutput]| outputs.first().map(|output| output.uri.to_string()).unwrap_or_default();
        let extract = Extract { uri: uri(&texts) };
        Target { uri: uri(&media), subtitle: Subtitle { extract }, image: Image::default() }
    };
    wanted.map(of).collect()
}
