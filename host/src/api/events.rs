//! A task as it goes, in server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Serialize;

use super::Api;
use super::answer::{self, TargetAnswer, TaskAnswer};
use super::refusal::Refusal;
use super::routes::{Answer, TaskPath, Who, blocking, no_parameters, task_id};
use crate::access::Caller;
use crate::queue::TaskRecord;
use crate::task::{TargetProgress, TaskId, TaskProgress, Timestamp, Warning};

/// Time between two looks at the task. Workers tell their progress once a second.
const LOOK: Duration = if cfg!(test) { Duration::from_millis(5) } else { Duration::from_millis(250) };
/// A comment is sent as often, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What events are called.
pub(super) const NAMES: [&str; 5] = ["state", "warning", "log", "progress", "end"];

/// The data of an event `state`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StateEvent {
    state: &'static str,
    status: &'static str,
    attempt: u32,
    cancel_requested: bool,
}

impl StateEvent {
    fn of(record: &TaskRecord) -> Self {
        Self {
            state: answer::state(record),
            status: answer::status(record.state),
            attempt: record.attempt,
            cancel_requested: record.cancel_requested,
        }
    }
}

/// The data of an event `progress`; as in the task.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProgressEvent {
    progress: u8,
    frames: u64,
    bytes: u64,
    targets: Vec<TargetAnswer>,
}

impl ProgressEvent {
    fn of(record: &TaskRecord) -> Self {
        let TaskProgress { percent, ref targets, frames, bytes } = record.progress;
        let answer = |target: &TargetProgress| TargetAnswer {
            index: target.index,
            progress: target.percent,
            uri: None,
            files: Vec::new(),
            facts: None,
        };
        Self { progress: percent, frames, bytes, targets: targets.iter().map(answer).collect() }
    }
}

/// The data of an event `log`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LogEvent<'a> {
    time: Timestamp,
    attempt: u32,
    line: &'a str,
}

/// What a client was told.
struct Teller {
    api: Api,
    who: Caller,
    id: TaskId,
    state: Option<StateEvent>,
    progress: Option<ProgressEvent>,
    warnings: Vec<Warning>,
    /// How much of its history.
    history: usize,
    ended: bool,
}

pub(super) async fn events(State(api): State<Api>, Extension(who): Who, path: TaskPath, uri: Uri) -> Answer {
    let id = task_id(path)?;
    no_parameters(&uri)?;
    let mut teller =
        Teller { api, who, id, state: None, progress: None, warnings: Vec::new(), history: 0, ended: false };
    // A task that is not there is refused as everywhere, before anything is streamed.
    let (teller, first) = blocking(move || {
        let first = teller.look()?;
        Ok((teller, first))
    })
    .await?;
    let events = Sse::new(stream(teller, first)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(events.into_response())
}

/// Events until the task has ended. A queue that does not answer ends them, too: the client connects again and is told all that is.
fn stream(teller: Teller, first: Vec<Event>) -> impl Stream<Item = Result<Event, Infallible>> {
    let begun = (teller, first.into_iter());
    stream::unfold(begun, |(mut teller, mut waiting)| async move {
        loop {
            if let Some(event) = waiting.next() {
                return Some((Ok(event), (teller, waiting)));
            }
            if teller.ended {
                return None;
            }
            tokio::time::sleep(LOOK).await;
            let looked = blocking(move || {
                let events = teller.look()?;
                Ok((teller, events))
            });
            let (looked, events) = looked.await.ok()?;
            (teller, waiting) = (looked, events.into_iter());
        }
    })
}

impl Teller {
    /// What is new. At first everything is, so that nobody has to ask what was before.
    fn look(&mut self) -> Result<Vec<Event>, Refusal> {
        let record = self.api.record(&self.who, self.id)?;
        let mut events = Vec::new();
        let state = StateEvent::of(&record);
        if self.state.as_ref() != Some(&state) {
            events.push(event("state", &state)?);
            self.state = Some(state);
        }
        for warning in &record.warnings {
            if !self.warnings.contains(warning) {
                events.push(event("warning", warning)?);
                self.warnings.push(warning.clone());
            }
        }
        let history = self.api.queue.events_after(self.id, self.history)?;
        self.history += history.len();
        for line in history.iter().filter(|event| event.event == "Log") {
            events.push(event("log", &LogEvent { time: line.time, attempt: line.attempt, line: &line.detail })?);
        }
        let progress = ProgressEvent::of(&record);
        if self.progress.as_ref() != Some(&progress) {
            events.push(event("progress", &progress)?);
            self.progress = Some(progress);
        }
        if record.state.has_ended() {
            self.ended = true;
            events.push(event("end", &TaskAnswer::of(record))?);
        }
        Ok(events)
    }
}

fn event(name: &str, data: &impl Serialize) -> Result<Event, Refusal> {
    let event = Event::default().event(name).json_data(data);
    event.map_err(|error| Refusal::internal(format!("an event is no JSON: {error}")))
}
