//! `wasmux status`.

use std::fmt::Write;

use clap::Args;

use super::client::{Client, REQUEST_TIME, ServerArgs, plain};
use super::run::summary;
use super::{Stop, print_line};
use crate::api::{ListAnswer, TaskAnswer};
use crate::task::{Failure, TaskId};

/// Where the table of tasks comes from.
const NEWEST: &str = "/v1/tasks?MaxResults=20&Sort=TaskId&Order=desc";

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Id of the task; without it the newest 20 tasks are listed.
    #[arg(value_name = "ID")]
    id: Option<TaskId>,
    #[command(flatten)]
    server: ServerArgs,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &StatusArgs) -> Result<(), Stop> {
    let client = Client::new(&args.server);
    let path = args.id.map_or_else(|| NEWEST.to_owned(), |id| format!("/v1/tasks/{id}"));
    let answer = client.get(&path, REQUEST_TIME)?;
    let text = if args.json {
        indented(&String::from_utf8_lossy(&answer))
    } else if args.id.is_some() {
        page(&client.read(&answer)?)
    } else {
        table(&client.read(&answer)?)
    };
    print_line(plain(&text).trim_end())
}

/// One task for people.
fn page(task: &TaskAnswer) -> String {
    let mut out = format!("{}  {}, {} %\n", task.task_id, state(task), task.progress);
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<9} {value}");
    };
    row("project", &task.project_name);
    row("attempt", &task.attempt.to_string());
    row("created", &task.create_time.to_string());
    if task.attempt > 0 {
        row("started", &task.start_time.to_string());
    }
    if let Some(end) = task.end_time {
        row("ended", &end.to_string());
    }
    if !task.tags.is_empty() {
        let tags: Vec<_> = task.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        row("tags", &tags.join(" "));
    }
    if !task.user_data.is_empty() {
        row("user data", &task.user_data);
    }
    row("encoded", &format!("{} frames, {} bytes", task.frames, task.bytes));
    for target in &task.targets {
        let uri = target.uri.as_ref().map(|uri| format!("  {uri}")).unwrap_or_default();
        let facts = target.facts.as_ref().map(|facts| format!("  {}", summary(facts))).unwrap_or_default();
        let files = super::run::beside(target.files.len());
        let _ = writeln!(out, "Targets[{}]  {} %{uri}{facts}{files}", target.index, target.progress);
    }
    for warning in &task.warnings {
        let field = if warning.field.is_empty() { String::new() } else { format!("{}: ", warning.field) };
        let _ = writeln!(out, "warning: {field}{} [{}]", warning.message, warning.code);
    }
    if let Some(error) = &task.error {
        let again =
            if error.retryable { "it may succeed when it is submitted again" } else { "the same would fail again" };
        let _ = writeln!(out, "error: {}\n       class {:?}; {again}", Failure::from(error.clone()), error.class);
    }
    for event in task.events.iter().flatten() {
        let attempt = if event.attempt == 0 { String::new() } else { format!(", attempt {}", event.attempt) };
        let detail = if event.detail.is_empty() { String::new() } else { format!(": {}", event.detail) };
        let _ = writeln!(out, "{}  {}{attempt}{detail}", event.time, event.event);
    }
    out
}

/// The newest tasks for people.
fn table(list: &ListAnswer) -> String {
    if list.tasks.is_empty() {
        return "there are no tasks".to_owned();
    }
    let mut out = format!("{:<49}  {:<24}  {:<10}  {:>5}  PROJECT\n", "TASK", "CREATED", "STATE", "DONE");
    for task in &list.tasks {
        let (id, created) = (task.task_id.to_string(), task.create_time.to_string());
        let (state, done) = (state(task), format!("{} %", task.progress));
        let _ = writeln!(out, "{id:<49}  {created:<24}  {state:<10}  {done:>5}  {}", task.project_name);
    }
    if !list.next_token.is_empty() {
        out += "there are more; GET /v1/tasks lists them";
    }
    out
}

fn state(task: &TaskAnswer) -> String {
    let stopping = task.cancel_requested && task.end_time.is_none();
    if stopping { format!("{}, being stopped", task.state) } else { task.state.clone() }
}

/// Prints JSON of a server.
pub(super) fn print_indented(json: &str) -> Result<(), Stop> {
    print_line(plain(&indented(json)).trim_end())
}

/// JSON indented as [`super::print_json`] does it, with its fields and numbers as they are.
pub(super) fn indented(json: &str) -> String {
    const LEVEL: &str = "  ";
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut rest = json.chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(LEVEL, depth));
    };
    while let Some(c) = rest.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            ' ' => {}
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while rest.next_if_eq(&' ').is_some() {}
                match rest.next_if(|next| matches!(next, '}' | ']')) {
                    Some(close) => out.push(close),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(state: &str) -> TaskAnswer {
        let value = json!({
            "TaskId": "MediaConvert-0190a5c2-7b00-7000-8000-000000000001", "TaskType": "MediaConvert",
            "ProjectName": "p", "Status": "Failed", "State": state, "Progress": 40, "Attempt": 2,
            "CreateTime": "2026-01-31T08:00:00.000Z", "StartTime": "2026-01-31T08:00:01.000Z",
            "EndTime": "2026-01-31T08:00:02.000Z", "Tags": {"a": "b"}, "Frames": 7, "Bytes": 8,
            "Error": {"Code": "Stalled", "Class": "Host", "Retryable": true, "Stage": "Encode", "Target": 1,
                "Message": "nothing moved"},
            "Targets": [{"Index": 1, "Progress": 50, "URI": "oss://b/out.mp4"}],
            "Warnings": [{"Code": "FieldsIgnored", "Field": "Targets[0].Video", "Message": "CRF does nothing"}],
            "Events": [{"Time": "2026-01-31T08:00:01.000Z", "Event": "HandedBack", "Attempt": 1, "Detail": "killed"}],
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_page_says_everything() {
        let expected = "\
MediaConvert-0190a5c2-7b00-7000-8000-000000000001  Failed, 40 %
project   p
attempt   2
created   2026-01-31T08:00:00.000Z
started   2026-01-31T08:00:01.000Z
ended     2026-01-31T08:00:02.000Z
tags      a=b
encoded   7 frames, 8 bytes
Targets[1]  50 %  oss://b/out.mp4
warning: Targets[0].Video: CRF does nothing [FieldsIgnored]
error: Stalled at stage Encode, Targets[1]: nothing moved
       class Host; it may succeed when it is submitted again
2026-01-31T08:00:01.000Z  HandedBack, attempt 1: killed
";
        assert_eq!(page(&task("Failed")), expected);
    }

    #[test]
    fn a_table_has_columns() {
        let list = ListAnswer { tasks: vec![task("Canceled")], max_results: "20".into(), next_token: "x".into() };
        let expected = "\
TASK                                               CREATED                   STATE        DONE  PROJECT
MediaConvert-0190a5c2-7b00-7000-8000-000000000001  2026-01-31T08:00:00.000Z  Canceled     40 %  p
there are more; GET /v1/tasks lists them";
        assert_eq!(table(&list), expected);
    }

    #[test]
    fn json_is_indented_and_otherwise_left_alone() {
        let value = serde_json::json!({"a": [1, {"b": "x\"{,: \\"}, [], {}], "c": null});
        assert_eq!(indented(&value.to_string()), serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(indented(&indented(&value.to_string())), indented(&value.to_string()));
        assert_eq!(indented("{ \"z\":1.50,\n\"a\":[ ] }"), "{\n  \"z\": 1.50,\n  \"a\": []\n}");
    }
}
