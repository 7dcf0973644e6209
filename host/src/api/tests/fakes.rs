//! A queue that does as it is told, and a service around it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use super::fake_host::FakeHost;
use crate::access::{Access, KeyConfig};
use crate::api::{Api, DescribeError, DryRunError};

use crate::queue::*;
use crate::task::*;

/// A request that intake takes, with one warning.
pub(super) const REQUEST: &str = r#"{"ProjectName":"p","Sources":[{"URI":"oss://b/in.mov"}],
    "Targets":[{"URI":"oss://b/out.mp4","Container":"mp4"}],"CredentialConfig":{"Policy":"x"},
    "Tags":{"customer":"a"},"UserData":"mine"}"#;

pub(super) struct Entry {
    pub(super) record: TaskRecord,
    pub(super) request: String,
    pub(super) plan: Option<String>,
}

#[derive(Default)]
pub(super) struct FakeQueue {
    pub(super) tasks: Mutex<BTreeMap<TaskId, Entry>>,
    pub(super) projects: Mutex<BTreeMap<String, Project>>,
    pub(super) templates: Mutex<BTreeMap<(String, String), String>>,
    pub(super) listed: Mutex<Option<ListQuery>>,
    pub(super) next: Mutex<Option<String>>,
    pub(super) broken: AtomicBool,
    pub(super) once: Mutex<Vec<(String, Once, TaskId)>>,
    /// A list says at the first that it has come, and waits for the second.
    pub(super) gate: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

type Result<T> = std::result::Result<T, QueueError>;

fn broken<T>() -> Result<T> {
    Err(QueueError::Database("/secret/tasks.db is locked".into()))
}

impl FakeQueue {
    fn with<T>(&self, id: TaskId, f: impl FnOnce(&mut Entry) -> T) -> Result<Option<T>> {
        if self.broken.load(Ordering::Relaxed) {
            return broken();
        }
        Ok(self.tasks.lock().unwrap().get_mut(&id).map(f))
    }
}

impl Queue for FakeQueue {
    fn submit(&self, task: &NewTask) -> Result<Submitted> {
        if self.broken.load(Ordering::Relaxed) {
            return broken();
        }
        if let Some(once) = &task.once {
            self.once.lock().unwrap().push((task.spec.project_name.clone(), once.clone(), task.id));
        }
        let mut projects = self.projects.lock().unwrap();
        let name = &task.spec.project_name;
        if !projects.contains_key(name) {
            if !task.makes_project {
                return Err(QueueError::NoProject(name.clone()));
            }
            projects.insert(name.clone(), project(name, ProjectSettings::default()));
        }
        let mut record = record(task.id, TaskState::Queued);
        record.event_id = task.event_id.clone();
        record.tags = task.spec.tags.clone();
        record.user_data = task.spec.user_data.clone();
        let entry = Entry { record, request: task.request.clone(), plan: None };
        self.tasks.lock().unwrap().insert(task.id, entry);
        Ok(Submitted::New)
    }

    fn submitted(&self, project: &str, once: &Once) -> Result<Option<Submitted>> {
        let known = self.once.lock().unwrap();
        let known = known.iter().find(|(of, known, _)| of == project && known.key == once.key);
        Ok(known.map(|(_, known, id)| match known == once {
            true => Submitted::Before(*id),
            false => Submitted::KeyInUse(*id),
        }))
    }

    fn prune(&self, _: Timestamp, _: u32) -> Result<usize> {
        broken()
    }

    fn get(&self, id: TaskId) -> Result<Option<TaskRecord>> {
        self.with(id, |entry| entry.record.clone())
    }

    fn request(&self, id: TaskId) -> Result<Option<String>> {
        self.with(id, |entry| entry.request.clone())
    }

    fn plugins(&self, _: TaskId) -> Result<Vec<PluginRef>> {
        Ok(vec!["watermark#built-in".parse().unwrap()])
    }

    fn using(&self, plugin: &PluginId, _: u32) -> Result<Vec<TaskId>> {
        let live = |entry: &&Entry| !entry.record.state.has_ended();
        let tasks = self.tasks.lock().unwrap();
        // Each task of these tests runs the plugin `busy`.
        let used = plugin.name.as_str() == "busy";
        Ok(tasks.values().filter(live).filter(|_| used).map(|entry| entry.record.id).collect())
    }

    fn plan(&self, id: TaskId) -> Result<Option<Option<String>>> {
        self.with(id, |entry| entry.plan.clone())
    }

    fn usage(&self, _: TaskId) -> Result<Option<TaskUsage>> {
        Ok(None)
    }

    fn events_after(&self, id: TaskId, known: usize) -> Result<Vec<Event>> {
        Ok(self.events(id)?.into_iter().skip(known).collect())
    }

    fn events(&self, id: TaskId) -> Result<Vec<Event>> {
        let event = |entry: &mut Entry| Event {
            time: entry.record.created,
            event: "Submitted".into(),
            attempt: 0,
            detail: String::new(),
        };
        Ok(self.with(id, event)?.into_iter().collect())
    }

    fn list(&self, query: &ListQuery) -> Result<Page> {
        *self.listed.lock().unwrap() = Some(query.clone());
        if let Some((come, go)) = self.gate.lock().unwrap().take() {
            come.send(()).unwrap();
            go.recv().unwrap();
        }
        if query.after.as_deref() == Some("wrong") {
            return Err(QueueError::BadToken);
        }
        let tasks = self.tasks.lock().unwrap().values().map(|entry| entry.record.clone()).collect();
        Ok(Page { tasks, next: self.next.lock().unwrap().clone() })
    }

    fn depth(&self) -> Result<Depth> {
        if self.broken.load(Ordering::Relaxed) {
            broken()
        } else {
            Ok(Depth { queued: 3, running: 2, committing: 1, messages: 4 })
        }
    }

    fn cancel(&self, id: TaskId, _: Timestamp) -> Result<CancelAnswer> {
        let answer = self.with(id, |entry| match entry.record.state {
            TaskState::Queued => CancelAnswer::Canceled,
            TaskState::Running => CancelAnswer::Requested,
            TaskState::Committing => CancelAnswer::Committing,
            state => CancelAnswer::Ended(state),
        })?;
        Ok(answer.unwrap_or(CancelAnswer::Unknown))
    }

    fn notices(&self, id: TaskId) -> Result<Vec<NoticeRecord>> {
        let told = |entry: &mut Entry| NoticeRecord {
            receiver: "topic t".into(),
            state: if entry.record.state.has_ended() { NoticeState::Delivered } else { NoticeState::Waiting },
            tries: 0,
            next: None,
            detail: String::new(),
        };
        Ok(self.with(id, told)?.into_iter().collect())
    }

    fn delete(&self, id: TaskId) -> Result<DeleteAnswer> {
        let answer = self.with(id, |entry| match entry.record.state {
            state if state.has_ended() => DeleteAnswer::Deleted,
            state => DeleteAnswer::Live(state),
        })?;
        Ok(answer.unwrap_or(DeleteAnswer::Unknown))
    }

    fn lease(&self, _: &str, _: Timestamp, _: Timestamp) -> Result<Option<Lease>> {
        broken()
    }

    fn keep(&self, _: &Lease, _: Timestamp) -> Result<()> {
        broken()
    }

    fn renew(&self, _: &Lease, _: Timestamp, _: &TaskProgress) -> Result<Renewed> {
        broken()
    }

    fn planned(&self, _: &Lease, _: Timestamp, _: &str, _: &[Warning]) -> Result<()> {
        broken()
    }

    fn log(&self, _: &Lease, _: &[(Timestamp, String)]) -> Result<()> {
        broken()
    }

    fn begin_commit(&self, _: &Lease, _: Timestamp, _: &[CommitEntry], _: &Made) -> Result<Committed> {
        broken()
    }

    fn turn_back(&self, _: &Lease, _: Timestamp, _: &Failure) -> Result<()> {
        broken()
    }

    fn end_commit(&self, _: &Lease, _: Timestamp) -> Result<()> {
        broken()
    }

    fn fail(&self, _: &Lease, _: Timestamp, _: &Failure) -> Result<()> {
        broken()
    }

    fn hand_back(&self, _: &Lease, _: Timestamp, _: &str, _: bool) -> Result<Retried> {
        broken()
    }

    fn lapse(&self, _: Timestamp, _: Option<&str>) -> Result<usize> {
        broken()
    }

    fn adopt(&self, _: &str, _: Option<&str>, _: Timestamp, _: Timestamp) -> Result<Option<CommitLease>> {
        broken()
    }

    fn is_live(&self, _: TaskId, _: u32) -> Result<bool> {
        broken()
    }
}

fn project(name: &str, settings: ProjectSettings) -> Project {
    let made = Timestamp::from_millis(1_769_846_400_000);
    Project { name: name.to_owned(), created: made, updated: made, settings }
}

impl Projects for FakeQueue {
    fn project(&self, name: &str) -> Result<Option<Project>> {
        Ok(self.projects.lock().unwrap().get(name).cloned())
    }

    fn list_projects(&self, query: &ProjectQuery) -> Result<ProjectPage> {
        let projects = self.projects.lock().unwrap();
        let behind = |name: &String| query.after.as_ref().is_none_or(|after| name > after);
        let own = |name: &String| query.among.as_ref().is_none_or(|among| among.contains(name));
        let found = projects.iter().filter(|(name, _)| behind(name) && own(name) && name.starts_with(&query.prefix));
        let mut projects: Vec<_> = found.map(|(_, project)| project.clone()).collect();
        let more = projects.len() > query.limit as usize;
        projects.truncate(query.limit as usize);
        let next = projects.last().filter(|_| more).map(|project| project.name.clone());
        Ok(ProjectPage { projects, next })
    }

    fn put_project(&self, name: &str, changes: &ProjectChanges, mode: PutMode, _: Timestamp) -> Result<PutProject> {
        let mut projects = self.projects.lock().unwrap();
        let before = projects.get(name).cloned();
        let base = match (&before, mode) {
            (Some(_), PutMode::Create) => return Ok(PutProject::Exists),
            (None, PutMode::Update) => return Ok(PutProject::Unknown),
            (Some(before), PutMode::Update) => before.settings.clone(),
            _ => ProjectSettings::default(),
        };
        let after = project(name, changes.on(&base));
        projects.insert(name.to_owned(), after.clone());
        Ok(if before.is_some() { PutProject::Changed(after) } else { PutProject::Created(after) })
    }

    fn delete_project(&self, name: &str) -> Result<DeletedProject> {
        let tasks = self.tasks.lock().unwrap();
        let live = |entry: &&Entry| !entry.record.state.has_ended() && entry.record.project == name;
        let live: Vec<_> = tasks.values().filter(live).map(|entry| entry.record.id).collect();
        if !live.is_empty() {
            return Ok(DeletedProject::Live(live));
        }
        let gone = self.projects.lock().unwrap().remove(name);
        Ok(if gone.is_some() { DeletedProject::Deleted } else { DeletedProject::Unknown })
    }
}

impl Templates for FakeQueue {
    fn template(&self, project: &str, name: &str) -> Result<Option<(Template, String)>> {
        let text = self.templates.lock().unwrap().get(&(project.to_owned(), name.to_owned())).cloned();
        Ok(text.map(|text| (template(name), text)))
    }

    fn list_templates(&self, project: &str) -> Result<Vec<Template>> {
        let templates = self.templates.lock().unwrap();
        Ok(templates.keys().filter(|(of, _)| of == project).map(|(_, name)| template(name)).collect())
    }

    fn put_template(&self, project: &str, name: &str, text: &str, _: Timestamp) -> Result<PutTemplate> {
        if !self.projects.lock().unwrap().contains_key(project) {
            return Err(QueueError::NoProject(project.to_owned()));
        }
        let key = (project.to_owned(), name.to_owned());
        let before = self.templates.lock().unwrap().insert(key, text.to_owned());
        Ok(if before.is_some() { PutTemplate::Changed(template(name)) } else { PutTemplate::Created(template(name)) })
    }

    fn delete_template(&self, project: &str, name: &str) -> Result<bool> {
        Ok(self.templates.lock().unwrap().remove(&(project.to_owned(), name.to_owned())).is_some())
    }
}

fn template(name: &str) -> Template {
    let made = Timestamp::from_millis(1_769_846_400_000);
    Template { name: name.to_owned(), created: made, updated: made }
}

/// A record with all its fields.
pub(super) fn record(id: TaskId, state: TaskState) -> TaskRecord {
    let made = matches!(state, TaskState::Committing | TaskState::Succeeded);
    let facts = MediaFacts {
        format_name: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        format_long_name: "QuickTime / MOV".into(),
        size: 1234,
        duration: Some(2.0),
        ..MediaFacts::default()
    };
    let uri = ObjectUri::parse("oss://b/out.mp4").unwrap();
    TaskRecord {
        id,
        project: "p".into(),
        state,
        attempt: 1,
        retries: 0,
        priority: 0,
        created: Timestamp::from_millis(1_769_846_400_000),
        started: (state != TaskState::Queued).then(|| Timestamp::from_millis(1_769_846_401_000)),
        ended: state.has_ended().then(|| Timestamp::from_millis(1_769_846_402_000)),
        progress: TaskProgress {
            percent: 40,
            targets: vec![TargetProgress { index: 0, percent: 50 }, TargetProgress { index: 2, percent: 30 }],
            frames: 7,
            bytes: 8,
        },
        outputs: if made { vec![TaskOutput { target: 0, uri, files: Vec::new(), facts }] } else { Vec::new() },
        warnings: Vec::new(),
        failure: (state == TaskState::Failed)
            .then(|| Failure::new(ErrorCode::EncodeFailed, Stage::Encode, "x264 said no").of_target(2)),
        cancel_requested: false,
        tags: BTreeMap::new(),
        user_data: None,
        event_id: String::new(),
    }
}

/// An API with its fakes.
pub(super) struct Rig {
    pub(super) queue: Arc<FakeQueue>,
    pub(super) host: Arc<FakeHost>,
    pub(super) router: Router,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Got {
    /// Its body.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status, code and message of a refusal, whose shape is checked.
    /// The fields of all faults of a refusal, sorted.
    pub(super) fn fields(&self) -> Vec<String> {
        let body = self.json();
        let faults = body["Faults"].as_array().unwrap().iter();
        let mut fields: Vec<_> = faults.map(|fault| fault["Field"].as_str().unwrap().to_owned()).collect();
        fields.sort_unstable();
        fields
    }

    pub(super) fn refused(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name}: {body}")).to_owned();
        assert_eq!(text("HostId"), "wasmux");
        assert_eq!(self.headers["x-request-id"], text("RequestId"));
        assert_eq!(self.headers["content-type"], "application/json");
        text("Recommend");
        (self.status.as_u16(), text("Code"), text("Message"))
    }
}

impl Rig {
    pub(super) fn api() -> (Arc<FakeQueue>, Arc<FakeHost>, Api) {
        let queue = Arc::new(FakeQueue::default());
        let host = Arc::new(FakeHost {
            woken: AtomicUsize::new(0),
            panics: AtomicBool::new(false),
            plan: Mutex::new(Err(DryRunError::Busy)),
            meta: Mutex::new(Err(DescribeError::Busy)),
            described: Mutex::default(),
            published: Mutex::default(),
            unready: Mutex::default(),
        });
        let api = Api::new(queue.clone(), host.clone());
        (queue, host, api.making_projects(true))
    }

    pub(super) fn new() -> Self {
        let (queue, host, api) = Self::api();
        Self { queue, host, router: api.router() }
    }

    /// The same where no task makes a project.
    pub(super) fn strict() -> Self {
        let (queue, host, api) = Self::api();
        Self { queue, host, router: api.making_projects(false).router() }
    }

    /// The same for those who have one of these keys.
    pub(super) fn for_keys(keys: &[KeyConfig]) -> Self {
        let (queue, host, api) = Self::api();
        Self { queue, host, router: api.for_keys(Access::open(keys).unwrap()).router() }
    }

    /// Puts a task in this state into the queue.
    pub(super) fn put(&self, state: TaskState) -> TaskId {
        let id = TaskId::new();
        let entry = Entry { record: record(id, state), request: REQUEST.into(), plan: None };
        self.queue.tasks.lock().unwrap().insert(id, entry);
        id
    }

    /// Changes a task.
    pub(super) fn change(&self, id: TaskId, change: impl FnOnce(&mut Entry)) {
        change(self.queue.tasks.lock().unwrap().get_mut(&id).unwrap());
    }

    pub(super) fn woken(&self) -> usize {
        self.host.woken.load(Ordering::Relaxed)
    }

    /// Asks one thing.
    pub(super) fn ask(&self, method: &str, uri: &str, body: impl Into<Body>) -> Got {
        self.send(Request::builder().method(method).uri(uri).body(body.into()).unwrap())
    }

    pub(super) fn send(&self, request: Request<Body>) -> Got {
        runtime().block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let id = head.headers["x-request-id"].to_str().unwrap();
            assert_eq!((id.len(), id), (36, id.to_uppercase().as_str()));
            Got { status: head.status, text: String::from_utf8(bytes.to_vec()).unwrap(), headers: head.headers }
        })
    }
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
