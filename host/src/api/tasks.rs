//! What is done with tasks, apart from how it is said on the wire: each form of the API calls these functions. They block.

use std::sync::{PoisonError, RwLockReadGuard};

use axum::http::StatusCode;
use sha2::{Digest, Sha256};

use super::admit;
use super::answer::{self, CancelDone, ListAnswer, SubmitAnswer, TaskAnswer};
use super::refusal::Refusal;
use super::{Api, DryRunError};
use crate::access::Caller;
use crate::queue::{CancelAnswer, DeleteAnswer, Depth, ListQuery, NewTask, Once, Submitted, TaskRecord};
use crate::task::{ErrorCode, TaskId, TaskSpec, TaskState, Timestamp};
use crate::telemetry::metrics;

/// How often a request is judged whose plugins are removed meanwhile. Once they are gone it is refused for that.
const ATTEMPTS: u32 = 3;

impl Api {
    /// Takes a task in. Whoever is told its id can rely on it: the task is on the disk.
    pub(super) fn submit(&self, who: &Caller, body: &[u8], request_id: &str) -> Result<SubmitAnswer, Refusal> {
        self.submit_once(who, body, None, request_id).map(|(answer, _)| answer)
    }

    /// The same where a key may say that it was sent before; returns whether the task is new.
    pub(super) fn submit_once(
        &self,
        who: &Caller,
        body: &[u8],
        key: Option<String>,
        request_id: &str,
    ) -> Result<(SubmitAnswer, bool), Refusal> {
        let once = key.map(|key| Once { key, digest: hex(&Sha256::digest(body)) });
        let answer = |task_id, event_id, state, warnings| SubmitAnswer {
            task_id,
            event_id,
            status: answer::status(state).to_owned(),
            warnings,
        };
        admit::needs_project_of(who, body)?;
        // What was taken in once is not judged again: a plugin or the template of it may be gone since.
        if let (Some(once), Some(project)) = (&once, admit::project_of(body))
            && let Some(before) = self.queue.submitted(&project, once)?
        {
            let record = self.record(who, before_of(before)?)?;
            return Ok((answer(record.id, record.event_id, record.state, record.warnings), false));
        }
        let expanded = self.expanded(who, body)?;
        let body = expanded.as_deref().unwrap_or(body);
        let (spec, in_use) = self.taken_in(body)?;
        admit::needs_project(who, &spec.project_name)?;
        let warnings = spec.warnings.clone();
        let request = String::from_utf8_lossy(body).into_owned();
        let task = NewTask {
            id: TaskId::new(),
            spec,
            request,
            created: Timestamp::now(),
            event_id: request_id.to_owned(),
            makes_project: self.makes_projects,
            once,
        };
        match self.queue.submit(&task)? {
            Submitted::New => {}
            before => {
                let record = self.record(who, before_of(before)?)?;
                return Ok((answer(record.id, record.event_id, record.state, record.warnings), false));
            }
        }
        drop(in_use);
        self.host.wake();
        Ok((answer(task.id, task.event_id, TaskState::Queued, warnings), true))
    }

    /// Submits the request of a task that failed once more, as a new task: what plugins and buckets there are now is looked up anew.
    pub(super) fn retry(&self, who: &Caller, id: TaskId, request_id: &str) -> Result<SubmitAnswer, Refusal> {
        let record = self.record(who, id)?;
        if record.state != TaskState::Failed {
            let message =
                format!("{id} is {}: only a task that failed or was cancelled is run again", answer::state(&record));
            return Err(Refusal::conflict("TaskNotFailed", message));
        }
        let request = self.queue.request(id)?.ok_or_else(|| unknown(id))?;
        self.submit(who, request.as_bytes(), request_id)
    }

    /// Judges a request, and keeps its plugins from being removed as long as the guard lives. Judging may ask a policy that takes its
    /// time; so it is done before the gate is held, or whoever removes a plugin would wait for that, and all submissions for them.
    fn taken_in(&self, body: &[u8]) -> Result<(TaskSpec, RwLockReadGuard<'_, ()>), Refusal> {
        for _ in 0..ATTEMPTS {
            let spec = self.host.intake(body)?;
            let in_use = self.plugins_in_use.read().unwrap_or_else(PoisonError::into_inner);
            if self.host.has_plugins(&spec) {
                return Ok((spec, in_use));
            }
        }
        Err(Refusal::busy("plugins of this request are being removed"))
    }

    /// The record of a task of the caller's projects. Those of others are as unknown as those that do not exist.
    pub(super) fn record(&self, who: &Caller, id: TaskId) -> Result<TaskRecord, Refusal> {
        self.queue.get(id)?.filter(|record| who.reaches(&record.project)).ok_or_else(|| unknown(id))
    }

    /// One task with its history; with its request too, if it is wanted.
    pub(super) fn task(&self, who: &Caller, id: TaskId, with_request: bool) -> Result<TaskAnswer, Refusal> {
        let record = self.record(who, id)?;
        let queue = &self.queue;
        let task_request_definition = if with_request { queue.request(id)? } else { None };
        let (plugins, usage, notices) = (queue.plugins(id)?, queue.usage(id)?, queue.notices(id)?);
        // Last, so that it has all that the rest speaks of: a message may be delivered at any moment.
        let answer = TaskAnswer::whole(record, queue.events(id)?, plugins, usage, notices);
        Ok(TaskAnswer { task_request_definition, ..answer })
    }

    /// The request of a task as a text of JSON; `None` where the task was removed meanwhile.
    pub(super) fn request(&self, id: TaskId) -> Result<Option<String>, Refusal> {
        Ok(self.queue.request(id)?)
    }

    /// A page of tasks.
    pub(super) fn list(&self, who: &Caller, mut query: ListQuery) -> Result<ListAnswer, Refusal> {
        let wanted = &mut query.filter.projects;
        for project in wanted.iter() {
            admit::needs_project(who, project)?;
            self.needs_known(project)?;
        }
        if wanted.is_empty() {
            wanted.extend(who.projects().into_iter().flatten().cloned());
        }
        let page = self.queue.list(&query)?;
        Ok(ListAnswer {
            tasks: page.tasks.into_iter().map(TaskAnswer::brief).collect(),
            max_results: query.limit.to_string(),
            next_token: page.next.unwrap_or_default(),
        })
    }

    /// The plan of a task as JSON.
    pub(super) fn plan(&self, who: &Caller, id: TaskId) -> Result<String, Refusal> {
        self.record(who, id)?;
        if let Some(plan) = self.queue.plan(id)?.ok_or_else(|| unknown(id))? {
            return Ok(plan);
        }
        let state = self.queue.get(id)?.map(|record| answer::state(&record)).ok_or_else(|| unknown(id))?;
        Err(Refusal::not_found(format!("{id} has no plan: it is {state}"))
            .recommend("A task gets its plan when a worker begins with it."))
    }

    /// The plan that a request would get, as JSON. Nothing is written.
    pub(super) fn dry_run(&self, who: &Caller, body: &[u8]) -> Result<String, Refusal> {
        admit::needs_project_of(who, body)?;
        let expanded = self.expanded(who, body)?;
        let spec = self.host.intake(expanded.as_deref().unwrap_or(body))?;
        admit::needs_project(who, &spec.project_name)?;
        self.needs_known(&spec.project_name)?;
        self.host.dry_run(&spec).map_err(|error| match error {
            DryRunError::Failed(failure) => Refusal::failed(&failure),
            DryRunError::Busy => Refusal::busy("too many plans are being made"),
        })
    }

    /// Asks for the end of a task. Asking again is no fault.
    pub(super) fn cancel(&self, who: &Caller, id: TaskId) -> Result<CancelDone, Refusal> {
        self.record(who, id)?;
        let done = |state: TaskState, name: &str| CancelDone {
            task_id: id,
            status: answer::status(state).to_owned(),
            state: name.to_owned(),
        };
        let canceled = ErrorCode::Canceled.name();
        match self.queue.cancel(id, Timestamp::now())? {
            CancelAnswer::Canceled => {
                metrics().task_ended(TaskState::Failed.name(), canceled);
                self.host.wake();
                Ok(done(TaskState::Failed, canceled))
            }
            CancelAnswer::Requested => {
                self.host.wake();
                Ok(done(TaskState::Running, TaskState::Running.name()))
            }
            CancelAnswer::Committing => {
                let message = format!("{id} is Committing: its outputs are being moved in place, it is too late");
                Err(Refusal::conflict("TaskCommitting", message))
            }
            CancelAnswer::Ended(_) => {
                let record = self.queue.get(id)?.ok_or_else(|| unknown(id))?;
                match answer::state(&record) {
                    state if state == canceled => Ok(done(record.state, canceled)),
                    state => Err(Refusal::conflict("TaskEnded", format!("{id} has ended before: it is {state}"))),
                }
            }
            CancelAnswer::Unknown => Err(unknown(id)),
        }
    }

    /// Removes the record of a task that has ended.
    pub(super) fn delete(&self, who: &Caller, id: TaskId) -> Result<(), Refusal> {
        self.record(who, id)?;
        match self.queue.delete(id)? {
            DeleteAnswer::Deleted => Ok(()),
            DeleteAnswer::Live(state) => {
                let message = format!("{id} is {}: cancel it first", state.name());
                Err(Refusal::conflict("TaskRunning", message)
                    .recommend("POST /v1/tasks/{id}/cancel, and delete the task when it has ended."))
            }
            DeleteAnswer::Unknown => Err(unknown(id)),
        }
    }

    /// How much there is to do. A queue that does not answer makes the whole server unfit.
    pub(super) fn depth(&self) -> Result<Depth, Refusal> {
        self.queue.depth().map_err(|error| Refusal::from(error).status(StatusCode::SERVICE_UNAVAILABLE))
    }
}

/// The task that the same request became before.
fn before_of(before: Submitted) -> Result<TaskId, Refusal> {
    match before {
        Submitted::Before(id) => Ok(id),
        Submitted::KeyInUse(id) => {
            let message = format!("the header Idempotency-Key was sent before with another request, which is {id}");
            Err(Refusal::conflict("IdempotencyKeyReused", message).recommend("Choose a new key for each request."))
        }
        Submitted::New => Err(Refusal::internal("a task that is new was there before")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unknown(id: TaskId) -> Refusal {
    Refusal::not_found(format!("there is no task {id}"))
}
