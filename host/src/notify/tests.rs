//! Messages to receivers on this machine that answer as they like.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver as Channel, channel};
use std::thread;

use serde_json::Value;

use super::*;
use crate::access::sign_message;
use crate::queue::QueueError;
use crate::task::spec::TaskParts;
use crate::task::{
    AudioWish, Container, ErrorCode, Failure, SourceSpec, Stage, TargetSpec, TaskId, TaskProgress, TaskSpec, TaskState,
    TopicName, VideoWish,
};

/// A receiver that answers each request with the next of these lines; and what it was sent.
fn receiver(answers: Vec<&'static str>) -> (String, Channel<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (said, heard) = channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut got = Vec::new();
            let (head, body) = loop {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).unwrap();
                assert!(read > 0, "a request has an end");
                got.extend_from_slice(&piece[..read]);
                let Some(end) = got.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
                let head = String::from_utf8(got[..end].to_vec()).unwrap().to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                let body = &got[end + 4..];
                if body.len() == length.parse::<usize>().unwrap() {
                    break (head, body.to_vec());
                }
            };
            write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            said.send((head, body)).unwrap();
        }
    });
    (url, heard)
}

fn uri(text: &str) -> ObjectUri {
    ObjectUri::parse(text).unwrap()
}

fn notice(receiver: Receiver, tries: u32) -> Notice {
    let task = TaskId::new();
    let spec = TaskSpec::seal(TaskParts {
        project_name: "acme".to_owned(),
        sources: vec![SourceSpec::new(uri("oss://in/a.mp4"))],
        alignment: 0,
        targets: vec![TargetSpec {
            video: VideoWish::Copy,
            audio: AudioWish::None,
            ..TargetSpec::new("oss://out/a.mp4", Container::Mp4)
        }],
        tags: BTreeMap::new(),
        user_data: None,
        tolerate_damage: false,
        priority: 0,
        receivers: vec![receiver.clone()],
        warnings: Vec::new(),
    });
    let record = TaskRecord {
        id: task,
        project: "acme".to_owned(),
        state: TaskState::Failed,
        attempt: 1,
        retries: 0,
        priority: 0,
        created: Timestamp::from_millis(1_000),
        started: Some(Timestamp::from_millis(2_000)),
        ended: Some(Timestamp::from_millis(3_000)),
        progress: TaskProgress::default(),
        outputs: Vec::new(),
        warnings: Vec::new(),
        failure: Some(Failure::new(ErrorCode::SourceNotFound, Stage::Probe, "there is no object")),
        cancel_requested: false,
        tags: BTreeMap::new(),
        user_data: Some("order \"7\"".to_owned()),
        event_id: "E-1".to_owned(),
    };
    Notice { task, number: 1, receiver, tries, record, spec: Some(spec) }
}

fn topic() -> Receiver {
    Receiver::Topic { name: TopicName::new("done").unwrap() }
}

fn sinks(config: &str, folder: &Path) -> Result<Sinks, String> {
    Sinks::open(&toml::from_str(config).unwrap(), folder, true)
}

#[test]
fn a_message_is_the_vendors_and_is_signed() {
    let (url, heard) = receiver(vec!["204 No Content"]);
    let config = format!("region = \"r\"\n[[sinks]]\ntopic = \"done\"\nurl = \"{url}\"\nsecret = \"the secret\"");
    let sinks = sinks(&config, Path::new("/nowhere")).unwrap();
    let notice = notice(topic(), 0);
    assert_eq!(sinks.send(&notice.receiver, &notice), Outcome::Taken);
    let (head, body) = heard.recv().unwrap();
    assert!(head.starts_with("post /hook http/1.1"), "{head}");
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default();
    let envelope: Value = serde_json::from_slice(&body).unwrap();
    let id = envelope["id"].as_str().unwrap();
    assert_eq!((header("x-mns-message-id"), header("webhook-id")), (id, id));
    assert!(!header("x-mns-request-id").is_empty());
    let seconds: i64 = header("webhook-timestamp").parse().unwrap();
    let signature = sign_message(&"the secret".into(), id, seconds, &body);
    assert_eq!(header("webhook-signature"), signature.to_lowercase());
    assert_eq!(envelope["source"], "acs.imm");
    assert_eq!(envelope["type"], "imm:Task:MediaConvert");
    assert_eq!(envelope["subject"], "acs:imm:r:0:acme/imm:Task:MediaConvert");
    assert_eq!(envelope["time"], "3000");
    let content: Value = serde_json::from_str(envelope["content"].as_str().unwrap()).unwrap();
    let expected = serde_json::json!({
        "ProjectName": "acme", "DatasetName": "", "RequestId": "E-1", "StartTime": "1970-01-01T00:00:02.000Z",
        "EndTime": "1970-01-01T00:00:03.000Z", "UserData": "order \"7\"", "TaskType": "MediaConvert",
        "TaskId": notice.task.to_string(), "Status": "Failed", "Code": "SourceNotFound", "Message": "there is no object",
        "EventSourceId": "", "Sources": [{"URI": "oss://in/a.mp4", "SubtitleSources": null}],
        "Targets": [{"URI": "", "Subtitle": {"Extract": {"URI": ""}},
            "Image": {"Sprites": null, "Snapshots": null, "Animations": null}}],
    });
    assert_eq!(content, expected);
}

#[test]
fn only_success_means_that_it_was_taken() {
    for (answer, outcome) in [
        ("200 OK", None),
        ("202 Accepted", None),
        ("500 Internal Server Error", Some("it answers 500 Internal Server Error")),
        ("404 Not Found", Some("it answers 404 Not Found")),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", Some("it answers 302 Found; redirects are not followed")),
    ] {
        let (url, _heard) = receiver(vec![answer]);
        let sinks = sinks("", Path::new("/nowhere")).unwrap();
        let notice = notice(Receiver::Webhook { url, retry: RetryPolicy::Backoff }, 0);
        let expected = outcome.map_or(Outcome::Taken, |why| Outcome::Failed(why.to_owned()));
        assert_eq!(sinks.send(&notice.receiver, &notice), expected, "{answer}");
    }
}

#[test]
fn nobody_is_reached_whom_the_configuration_denies() {
    // The name of this machine becomes an address only when the message is sent.
    let denied = sinks("deny = [\"127.0.0.0/8\", \"::1/128\"]", Path::new("/nowhere")).unwrap();
    assert!(denied.webhook("http://127.0.0.1:1/x").unwrap_err().contains("the address 127.0.0.1"));
    assert!(denied.webhook("http://[::1]:1/x").unwrap_err().contains("the address ::1"));
    let notice = notice(Receiver::Webhook { url: "http://localhost:1/".into(), retry: RetryPolicy::Backoff }, 0);
    let outcome = denied.send(&notice.receiver, &notice);
    let Outcome::Failed(why) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("is denied by the configuration, notifications.deny"), "{why}");
    let public = Sinks::open(&NotificationConfig::default(), Path::new("/nowhere"), false).unwrap();
    assert!(public.webhook("http://10.0.0.1/").is_err() && public.webhook("http://169.254.169.254/latest").is_err());
    assert!(public.topic(&TopicName::new("done").unwrap()).unwrap_err().contains("no sink for the topic done"));
    let local = sinks("", Path::new("/nowhere")).unwrap();
    assert!(local.webhook("http://10.0.0.1/").is_ok() && local.webhook("http://169.254.169.254/latest").is_err());
    for wrong in
        ["", "example.org", "ftp://example.org/", "http://user@example.org/", "http:///x", "file:///etc/passwd"]
    {
        assert!(local.webhook(wrong).unwrap_err().starts_with("must be http"), "{wrong}");
    }
    assert!(sinks("webhooks = \"none\"", Path::new("/")).unwrap().webhook("http://a.example/").is_err());
}

#[test]
fn a_topic_without_a_sink_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let sinks = sinks("", folder.path()).unwrap();
    for _ in 0..2 {
        let notice = notice(topic(), 0);
        assert_eq!(sinks.send(&notice.receiver, &notice), Outcome::Taken);
    }
    let lines = std::fs::read_to_string(folder.path().join("done.jsonl")).unwrap();
    assert_eq!(lines.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 2);
}

#[test]
fn sinks_that_could_not_be_used_are_refused() {
    for (config, part) in [
        ("[[sinks]]\ntopic = \"t\"", "the topic t: there must be one of url and file"),
        ("[[sinks]]\ntopic = \"t\"\nurl = \"h\"", "url must be http://HOST/PATH"),
        ("[[sinks]]\ntopic = \"t\"\nfile = \"/f\"\nsecret = \"s\"", "a file takes no secret"),
        (
            "[[sinks]]\ntopic = \"t\"\nurl = \"http://h\"\nsecret_env = \"WASMUX_NO_SUCH\"",
            "`WASMUX_NO_SUCH`, which is not set",
        ),
        ("sinks = [{topic = \"t\", file = \"/f\"}, {topic = \"t\", file = \"/g\"}]", "the topic t is given twice"),
        ("ca = \"/nowhere/ca.pem\"", "notifications.ca /nowhere/ca.pem: "),
    ] {
        let error = sinks(config, Path::new("/")).err().unwrap();
        assert!(error.contains(part), "{config}: {error}");
    }
}

/// Results that are written, cannot be written, or end in a panic, by the name of the object.
struct ByName;

impl Results for ByName {
    fn write(&self, _: &TaskRecord, sources: &[ObjectUri], uri: &ObjectUri) -> Result<(), NotWritten> {
        assert_eq!(sources, [self::uri("oss://in/a.mp4")]);
        match uri.key() {
            "good" => Ok(()),
            "panic" => panic!("a bug"),
            "output" => Err(NotWritten::Ever("it is an output".to_owned())),
            other => Err(NotWritten::Yet(format!("{other} is full"))),
        }
    }
}

/// Messages that are taken in turn, as long as their address is not said to be busy.
struct Line {
    waiting: Mutex<Vec<Notice>>,
    most_at_once: Mutex<(usize, usize)>,
    told: Mutex<std::sync::mpsc::Sender<Tried>>,
}

impl Outbox for Line {
    fn take(&self, _: &str, _: Timestamp, _: Timestamp, most: u32, silent: &Silent) -> Result<Vec<Notice>, QueueError> {
        let most = match silent.values().next() {
            Some(true) => 0,
            Some(false) => 1,
            None => most as usize,
        };
        let mut waiting = self.waiting.lock().unwrap();
        let taken: Vec<_> = (0..most).map_while(|_| waiting.pop()).collect();
        let mut at_once = self.most_at_once.lock().unwrap();
        at_once.0 += taken.len();
        at_once.1 = at_once.1.max(at_once.0);
        Ok(taken)
    }

    fn tried(&self, _: TaskId, _: u32, _: Timestamp, tried: &Tried) -> Result<(), QueueError> {
        self.most_at_once.lock().unwrap().0 -= 1;
        self.told.lock().unwrap().send(tried.clone()).unwrap();
        Ok(())
    }

    fn release(&self, _: &str, _: Timestamp) -> Result<usize, QueueError> {
        Ok(0)
    }
}

/// A notifier of these messages, which are told as they are tried.
fn notifier(waiting: Vec<Notice>) -> (Notifier, Arc<Line>, Channel<Tried>) {
    let (told, tried) = channel();
    let line = Arc::new(Line { waiting: Mutex::new(waiting), most_at_once: Mutex::default(), told: Mutex::new(told) });
    let notifier = Notifier::new(NotifierParts {
        outbox: Arc::clone(&line) as Arc<dyn Outbox>,
        sinks: Arc::new(sinks("", Path::new("/nowhere/at/all")).unwrap()),
        results: Arc::new(ByName),
        node: "n".to_owned(),
        sent: || {},
    });
    notifier.start().unwrap();
    notifier.wake();
    (notifier, line, tried)
}

fn delivered(receiver: Receiver, tries: u32) -> Tried {
    let (notifier, _, told) = notifier(vec![notice(receiver, tries)]);
    let tried = told.recv().unwrap();
    notifier.stop();
    tried
}

#[test]
fn what_becomes_of_a_message_follows_its_policy() {
    let object = |name: &str| Receiver::Object { uri: uri(&format!("oss://out/{name}")) };
    assert_eq!(delivered(object("good"), 0), Tried::Delivered);
    let Tried::Again(next, why) = delivered(object("disk"), 0) else { panic!() };
    assert!(next > Timestamp::now().after(Duration::from_secs(5)), "{next}");
    assert_eq!(why, "disk is full");
    assert_eq!(delivered(object("disk"), 3), Tried::GivenUp("disk is full".to_owned()));
    assert_eq!(delivered(object("output"), 0), Tried::GivenUp("it is an output".to_owned()));
    let Tried::Again(_, why) = delivered(object("panic"), 0) else { panic!() };
    assert!(why.contains("panicked"), "{why}");
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let webhook = |retry| Receiver::Webhook { url: format!("http://{closed}/"), retry };
    assert!(matches!(delivered(webhook(RetryPolicy::ExponentialDecay), 100), Tried::Again(..)));
    assert!(matches!(delivered(webhook(RetryPolicy::Backoff), 100), Tried::GivenUp(_)));
}

#[test]
fn an_address_is_remembered_while_it_is_silent_or_busy() {
    let mut state = State::default();
    for (name, sending, silent) in [("quiet", 1, true), ("busy", 2, false), ("old", 0, true)] {
        state.addresses.insert(name.to_owned(), Address { sending, silent });
    }
    let known = |state: &State| {
        let mut names: Vec<_> = state.addresses.keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(state.silent(), Silent::from([("quiet".to_owned(), true), ("old".to_owned(), false)]));
    for name in ["quiet", "busy"] {
        state.returned(name);
    }
    assert_eq!((known(&state), state.sending()), (vec!["busy".into(), "old".into(), "quiet".into()], 1));
    state.returned("busy");
    assert_eq!((known(&state), state.sending()), (vec!["old".into(), "quiet".into()], 0));
    for number in 0..MOST_ADDRESSES {
        state.addresses.insert(number.to_string(), Address { sending: 0, silent: true });
    }
    state.addresses.insert("last".to_owned(), Address { sending: 1, silent: true });
    state.returned("last");
    assert!(known(&state).is_empty());
}

#[test]
fn a_silent_address_is_tried_with_one_message_at_a_time() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to_nobody = || notice(Receiver::Webhook { url: format!("http://{closed}/"), retry: RetryPolicy::Backoff }, 0);
    let (notifier, line, tried) = notifier(vec![to_nobody()]);
    assert!(matches!(tried.recv().unwrap(), Tried::Again(..)));
    line.waiting.lock().unwrap().extend((0..8).map(|_| to_nobody()));
    notifier.wake();
    for _ in 0..8 {
        assert!(matches!(tried.recv().unwrap(), Tried::Again(..)));
    }
    notifier.stop();
    assert_eq!(line.most_at_once.lock().unwrap().1, 1);
}
