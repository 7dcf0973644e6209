//! Who is told of the end of a task.

use serde_json::{Value, json};

use super::surroundings::{ask, warnings};

fn with(notification: &Value) -> Value {
    json!({"ProjectName": "test-project", "Sources": [{"URI": "oss://test-bucket/in.mov"}],
        "Targets": [{"URI": "oss://test-bucket/out.mp4", "Container": "mp4"}], "Notification": notification})
}

#[test]
fn what_nobody_can_be_told_by_is_refused() {
    for (notification, field, part) in [
        (json!({"MNS": {"TopicName": "a/b"}}), "MNS.TopicName", "must be 1 to 240 characters"),
        (json!({"MNS": {"TopicName": "..", "Other": 1}}), "MNS.TopicName", "must be 1 to 240 characters"),
        (json!({"ExtendedMessageURI": "m.json"}), "ExtendedMessageURI", "oss://bucket/key"),
        (json!({"ExtendedMessageURI": "oss://archive/m.json"}), "ExtendedMessageURI", "names bucket archive"),
        (json!({"Webhook": {"URL": "ftp://x"}}), "Webhook.URL", "must begin with https://"),
        (json!({"Webhook": {"RetryPolicy": "BACKOFF"}}), "Webhook.URL", "is required"),
        (
            json!({"Webhook": {"URL": "https://x", "RetryPolicy": "SOON"}}),
            "Webhook.RetryPolicy",
            "BACKOFF, EXPONENTIAL_DECAY",
        ),
        (json!({"Webhook": {"URL": format!("https://{}", "x".repeat(3000))}}), "Webhook.URL", "at most 2048 bytes"),
    ] {
        let faults = ask(&with(&notification)).unwrap_err().into_vec();
        let field = format!("Notification.{field}");
        let fault = faults.iter().find(|fault| fault.field.as_str() == field).unwrap_or_else(|| panic!("{faults:?}"));
        assert!(fault.message.contains(part), "{fault:?}");
    }
}

#[test]
fn what_is_empty_tells_nobody() {
    let empty = json!({"MNS": {"TopicName": ""}, "RocketMQ": {}, "ExtendedMessageURI": "", "Webhook": {"URL": ""}});
    for notification in [json!({}), empty] {
        let spec = ask(&with(&notification)).unwrap();
        assert!(spec.receivers.is_empty() && spec.warnings.is_empty(), "{spec:?}");
    }
}

#[test]
fn a_topic_without_a_sink_is_a_warning() {
    let request = with(&json!({"MNS": {"TopicName": "elsewhere"}}));
    assert_eq!(warnings(&request), [("NotificationIgnored".to_owned(), "Notification.MNS".to_owned())]);
    assert!(ask(&request).unwrap().receivers.is_empty());
}
