//! Who asks to be told of the end of a task is told, whatever is killed meanwhile.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};
use wasmux_tests::server::{Options, PATIENCE, Server, wait_for};
use wasmux_tests::{World, clips, request};

fn world() -> World {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    world
}

/// A task of 64 x 36 samples whose end is told so.
fn telling(notification: &Value) -> Value {
    let video = json!({"TranscodeVideo": {"Codec": "h264", "Preset": "fast", "Resolution": "64x36"}});
    let target = json!({"URI": "oss://test-bucket/out.mp4", "Container": "mp4", "Audio": {}, "Video": video});
    let mut asked = request("bigbuckbunny.mp4", &target);
    asked["Notification"] = notification.clone();
    asked["UserData"] = json!("order 7");
    asked
}

/// The messages of a topic that is a file.
fn messages(world: &World, topic: &str) -> Vec<Value> {
    let path = world.folder().join(format!("data/notifications/{topic}.jsonl"));
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn content(message: &Value) -> Value {
    serde_json::from_str(message["content"].as_str().unwrap()).unwrap()
}

/// Waits until all messages of a task are delivered or given up.
fn told(server: &Server, id: &str) -> Value {
    server.wait(id, "its messages", |task| {
        let all = task["Notifications"].as_array().unwrap();
        all.iter().all(|one| one["State"] == "Delivered" || one["State"] == "GivenUp")
    })
}

#[test]
fn a_topic_without_a_sink_is_a_file_on_this_machine() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let id = server.submit(&telling(&json!({"MNS": {"TopicName": "done"}})));
    server.success_of(&id);
    let task = told(&server, &id);
    assert_eq!(task["Notifications"][0]["Receiver"], "topic done", "{task:#}");
    assert_eq!(task["Events"].as_array().unwrap().last().unwrap()["Event"], "Notified");
    let missing = telling(&json!({"MNS": {"TopicName": "done"}})).to_string().replace("bigbuckbunny", "nothing");
    let failed = server.submit(&serde_json::from_str(&missing).unwrap());
    told(&server, &failed);
    let [good, bad] = &messages(&world, "done")[..] else { panic!() };
    let (good, bad) = (content(good), content(bad));
    assert_eq!(
        (&good["TaskId"], &good["Status"], &good["UserData"]),
        (&json!(id), &json!("Succeeded"), &json!("order 7"))
    );
    assert_eq!(good["Sources"][0]["URI"], "oss://test-bucket/bigbuckbunny.mp4");
    assert_eq!(good["Targets"][0]["URI"], "oss://test-bucket/out.mp4");
    assert_eq!((&bad["Status"], &bad["Code"]), (&json!("Failed"), &json!("SourceNotFound")));
    let metrics = server.get("/metrics").1;
    assert!(metrics.as_str().unwrap().contains("wasmux_messages_total{outcome=\"delivered\"} 2\n"));
}

/// A receiver that gives one answer after the other, and tells what it was sent.
fn receiver(answers: Vec<&'static str>) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/done?key=hidden", listener.local_addr().unwrap());
    let (said, heard) = channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut got = Vec::new();
            let body = loop {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).unwrap();
                got.extend_from_slice(&piece[..read]);
                let Some(end) = got.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
                if let Ok(body) = serde_json::from_slice(&got[end + 4..]) {
                    break body;
                }
                assert!(read > 0, "half a message");
            };
            write!(stream, "HTTP/1.1 {answer} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            let head = String::from_utf8_lossy(&got).to_lowercase();
            said.send((head, body)).unwrap();
        }
    });
    (url, heard)
}

#[test]
fn a_webhook_is_told_until_it_takes_the_message_and_after_the_result_is_written() {
    let world = world();
    let (url, heard) = receiver(vec!["500", "503", "204"]);
    let config = "[notifications]\nsecret = \"the secret of the receiver\"";
    let server = Server::start(&world, &Options { config, ..Options::default() });
    let id = server.submit(&telling(
        &json!({"Webhook": {"URL": url}, "ExtendedMessageURI": "oss://test-bucket/results/one.json"}),
    ));
    let mut ids = BTreeSet::new();
    for _ in 0..3 {
        let (head, message) = heard.recv_timeout(PATIENCE).unwrap();
        assert!(head.contains("webhook-signature: v1,"), "{head}");
        assert_eq!(content(&message)["TaskId"], json!(id));
        ids.insert(message["id"].as_str().unwrap().to_owned());
        let result: Value = serde_json::from_slice(&fs::read(world.object("results/one.json")).unwrap()).unwrap();
        assert_eq!((&result["TaskId"], &result["State"]), (&json!(id), &json!("Succeeded")));
        assert!(result["Targets"][0]["Facts"].is_object() && result["Events"].is_array(), "{result:#}");
    }
    assert_eq!(ids.len(), 1, "it is one message, however often it is sent");
    let task = told(&server, &id);
    let webhook = &task["Notifications"][1];
    assert_eq!((&webhook["State"], &webhook["Tries"]), (&json!("Delivered"), &json!(3)), "{task:#}");
    assert!(!task.to_string().contains("hidden"), "{task:#}");
}

#[test]
fn receivers_that_cannot_be_are_refused_with_their_field() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    for (notification, field) in [
        (json!({"MNS": {"TopicName": "../up"}}), "Notification.MNS.TopicName"),
        (json!({"Webhook": {"URL": "http://169.254.169.254/latest/meta-data"}}), "Notification.Webhook.URL"),
        (json!({"Webhook": {"URL": "file:///etc/passwd"}}), "Notification.Webhook.URL"),
        (json!({"ExtendedMessageURI": "oss://nowhere/x.json"}), "Notification.ExtendedMessageURI"),
    ] {
        let (status, said) = server.post("/v1/tasks", &telling(&notification));
        assert_eq!((status, &said["Faults"][0]["Field"]), (400, &json!(field)), "{said:#}");
    }
}

#[test]
fn a_result_takes_the_place_of_no_output() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let id = server.submit(&telling(&json!({"ExtendedMessageURI": "oss://test-bucket/out.mp4"})));
    server.success_of(&id);
    let task = server.wait(&id, "a try", |task| task["Notifications"][0]["Tries"] == 1);
    assert_eq!(task["Notifications"][0]["Detail"], "oss://test-bucket/out.mp4 is an output of the task", "{task:#}");
    assert_eq!(world.probe("out.mp4")["VideoStreams"][0]["Width"], 64);
}

#[test]
fn a_message_survives_the_death_of_the_service() {
    for point in ["before-end", "ended", "message-sent"] {
        let world = world();
        let at = |crash_at| Options { crash_at, ..Options::default() };
        let mut server = Server::start(&world, &at(Some(point)));
        let id = server.submit(&telling(&json!({"MNS": {"TopicName": "done"}})));
        server.death();
        let server = Server::start(&world, &at(None));
        told(&server, &id);
        let found = messages(&world, "done");
        assert!(!found.is_empty() && found.len() <= 2, "{point}: {found:?}");
        let ids: BTreeSet<_> = found.iter().map(|message| message["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 1, "{point}: a message that comes twice has one id");
    }
    // A service that is stopped delivers what is due when it comes again.
    let world = world();
    let (url, heard) = receiver(vec!["500", "200"]);
    let server = Server::start(&world, &Options::default());
    let id = server.submit(&telling(&json!({"Webhook": {"URL": url}})));
    heard.recv_timeout(PATIENCE).unwrap();
    server.stop();
    let server = Server::start(&world, &Options::default());
    heard.recv_timeout(PATIENCE).unwrap();
    wait_for("the record", || (told(&server, &id)["Notifications"][0]["State"] == "Delivered").then_some(()));
}
