use serde_json::json;

use super::fakes::Rig;
use crate::task::TaskState;

#[test]
fn a_plugin_is_published_shown_and_removed() {
    let rig = Rig::new();
    let got = rig.ask("PUT", "/v1/plugins/mark/1.2.0", "component");
    assert_eq!((got.status.as_u16(), &got.json()["New"]), (201, &json!(true)));
    assert_eq!(got.headers["location"], "/v1/plugins/mark/1.2.0");
    let again = rig.ask("PUT", "/v1/plugins/mark/1.2.0", "component");
    assert_eq!((again.status.as_u16(), &again.json()["New"]), (200, &json!(false)));
    assert_eq!(rig.ask("PUT", "/v1/plugins/mark/1.2.0", "others").refused().1, "PluginExists");
    let shown = rig.ask("GET", "/v1/plugins/mark/1.2.0", "");
    assert_eq!((shown.status.as_u16(), &shown.json()["Version"]), (200, &json!("1.2.0")));
    assert_eq!(rig.ask("DELETE", "/v1/plugins/mark/1.2.0", "").status, 204);
    let (status, code, message) = rig.ask("DELETE", "/v1/plugins/mark/1.2.0", "").refused();
    assert_eq!((status, code.as_str(), message.as_str()), (404, "ResourceNotFound", "there is no plugin mark 1.2.0"));
}

#[test]
fn paths_that_name_no_plugin_are_refused() {
    let rig = Rig::new();
    for (path, named) in [
        ("/v1/plugins/Mark/1.0.0", "the name `Mark`"),
        ("/v1/plugins/mark/1.0", "the version `1.0`"),
        ("/v1/plugins/mark/%ff", "the name ``"),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let (status, code, message) = rig.ask(method, path, "").refused();
            assert_eq!((status, code.as_str()), (400, "InvalidArgument"), "{method} {path}");
            assert!(message.starts_with(named), "{message}");
        }
    }
    assert_eq!(rig.ask("GET", "/v1/plugins/mark/1.0.0?x=1", "").refused().0, 400);
    assert_eq!(rig.ask("POST", "/v1/plugins/mark/1.0.0", "").refused().0, 405);
}

#[test]
fn a_component_may_be_longer_than_other_bodies_but_not_too_long() {
    let rig = Rig::new();
    assert_eq!(rig.ask("PUT", "/v1/plugins/mark/1.0.0", vec![0; 3 << 20]).status, 201);
    let (status, code, message) = rig.ask("PUT", "/v1/plugins/mark/1.0.1", vec![0; (3 << 20) + 1]).refused();
    assert_eq!((status, code.as_str()), (413, "LimitExceededError"));
    assert_eq!(message, "a body is at most 3145728 bytes");
}

#[test]
fn what_is_in_use_or_not_published_stays() {
    let rig = Rig::new();
    let (status, code, _) = rig.ask("DELETE", "/v1/plugins/watermark/1.0.0", "").refused();
    assert_eq!((status, code.as_str()), (409, "PluginNotPublished"));
    rig.ask("PUT", "/v1/plugins/busy/1.0.0", "component");
    let id = rig.put(TaskState::Queued);
    let (status, code, message) = rig.ask("DELETE", "/v1/plugins/busy/1.0.0", "").refused();
    assert_eq!((status, code.as_str()), (409, "PluginInUse"));
    assert!(message.contains(&id.to_string()), "{message}");
    rig.change(id, |entry| entry.record.state = TaskState::Succeeded);
    assert_eq!(rig.ask("DELETE", "/v1/plugins/busy/1.0.0", "").status, 204);
}
