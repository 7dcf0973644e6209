use serde_json::json;

use super::fakes::Rig;
use crate::queue::{ListQuery, Order, SortBy, TaskFilter};
use crate::task::{TaskState, Timestamp};

#[test]
fn a_list_is_brief() {
    let rig = Rig::new();
    rig.put(TaskState::Succeeded);
    *rig.queue.next.lock().unwrap() = Some("further".into());
    let got = rig.ask("GET", "/v1/tasks?MaxResults=7", "");
    let body = got.json();
    assert_eq!(got.status, 200);
    assert_eq!((&body["MaxResults"], &body["NextToken"]), (&json!("7"), &json!("further")));
    let task = &body["Tasks"][0];
    assert_eq!((&task["State"], &task["Targets"][0]["URI"]), (&json!("Succeeded"), &json!("oss://b/out.mp4")));
    assert!(task.get("Events").is_none() && task["Targets"][0].get("Facts").is_none(), "{task}");
}

#[test]
fn the_query_is_read() {
    let rig = Rig::new();
    let listed = |query: &str| {
        let got = rig.ask("GET", &format!("/v1/tasks{query}"), "");
        assert_eq!(got.status, 200, "{}", got.text);
        rig.queue.listed.lock().unwrap().take().unwrap()
    };
    let unnarrowed = ListQuery { limit: 100, ..ListQuery::default() };
    assert_eq!(listed(""), unnarrowed);
    assert_eq!(listed("?NextToken=&Status="), unnarrowed);
    let all = "?ProjectName=p&Status=Succeeded&TagSelector=a%3Db%26c%3Dd%3De&StartTimeFrom=2026-01-31T08:00:00Z\
               &StartTimeTo=2026-01-31T10:00:00%2B01:00&EndTimeTo=2026-01-31T08:00:00.007Z&Sort=EndTime&Order=asc\
               &MaxResults=1&NextToken=x";
    let moment = |text| Timestamp::parse(text);
    let filter = TaskFilter {
        projects: vec!["p".into()],
        states: vec![TaskState::Succeeded],
        tags: vec![("a".into(), "b".into()), ("c".into(), "d=e".into())],
        created: (moment("2026-01-31T08:00:00Z"), moment("2026-01-31T09:00:00Z")),
        ended: (None, moment("2026-01-31T08:00:00.007Z")),
    };
    let expected =
        ListQuery { filter, sort: SortBy::EndTime, order: Order::Ascending, limit: 1, after: Some("x".into()) };
    assert_eq!(listed(all), expected);
    let running = [TaskState::Queued, TaskState::Running, TaskState::Committing];
    assert_eq!(listed("?Status=Running").filter.states, running);
    assert_eq!(listed("?Status=Queued").filter.states, [TaskState::Queued]);
}

#[test]
fn all_faults_of_a_query_are_told_at_once() {
    let rig = Rig::new();
    let query = "Sort=Name&Order=up&MaxResults=101&Status=Done&TagSelector=x&StartTimeFrom=yesterday\
                 &EndTimeFrom=2026-01-31T08:00:00Z&EndTimeTo=2026-01-31T08:00:00Z&Colour=red&Sort=TaskId";
    let got = rig.ask("GET", &format!("/v1/tasks?{query}"), "");
    let (status, code, message) = got.refused();
    assert_eq!((status, code.as_str()), (400, "InvalidArgument"));
    let body = got.json();
    let mut fields: Vec<_> =
        body["Faults"].as_array().unwrap().iter().map(|fault| fault["Field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    let expected =
        ["Colour", "EndTimeTo", "MaxResults", "Order", "Sort", "Sort", "StartTimeFrom", "Status", "TagSelector"];
    assert_eq!(fields, expected);
    assert!(message.contains("MaxResults must be a whole number from 1 to 100 (found \"101\")"), "{message}");
    for wrong in ["0", "-1", "1.5", "99999999999999999999"] {
        assert_eq!(rig.ask("GET", &format!("/v1/tasks?MaxResults={wrong}"), "").status, 400, "{wrong}");
    }
    assert!(rig.queue.listed.lock().unwrap().is_none());
}

#[test]
fn a_token_of_another_list_is_a_fault() {
    let got = Rig::new().ask("GET", "/v1/tasks?NextToken=wrong", "");
    assert_eq!(got.refused().0, 400);
    assert_eq!(got.json()["Faults"][0]["Field"], "NextToken");
}
