//! The query of a list of tasks.

use axum::http::Uri;

use super::query::Parameters;
use super::refusal::Refusal;
use crate::queue::{ListQuery, Order, SortBy, TaskFilter};
use crate::task::{TaskState, Timestamp};

/// Most tasks on a page, and how many there are when nothing is said.
const MAX_RESULTS: u32 = 100;

const KNOWN: &[&str] = &[
    "ProjectName",
    "Status",
    "TagSelector",
    "StartTimeFrom",
    "StartTimeTo",
    "EndTimeFrom",
    "EndTimeTo",
    "Sort",
    "Order",
    "MaxResults",
    "NextToken",
];

/// Reads which tasks are asked for; all faults at once.
pub(super) fn read(uri: &Uri) -> Result<ListQuery, Refusal> {
    let mut given = Parameters::read(uri, KNOWN);
    let created = range(&mut given, "StartTimeFrom", "StartTimeTo");
    let ended = range(&mut given, "EndTimeFrom", "EndTimeTo");
    query(given, created, ended, Order::default())
}

/// From when on, and before when.
type Range = (Option<Timestamp>, Option<Timestamp>);

/// Reads what both forms of the API have in common.
pub(super) fn query(
    mut given: Parameters,
    created: Range,
    ended: Range,
    default_order: Order,
) -> Result<ListQuery, Refusal> {
    let filter = TaskFilter {
        projects: given.text("ProjectName").into_iter().collect(),
        states: given
            .parsed("Status", states, "must be Running, Succeeded, Failed, Queued or Committing")
            .unwrap_or_default(),
        tags: given.parsed("TagSelector", tags, "must have the form name=value&name=value").unwrap_or_default(),
        created,
        ended,
    };
    let query = ListQuery {
        filter,
        sort: given.parsed("Sort", sort, "must be TaskId, StartTime or EndTime").unwrap_or_default(),
        order: given.parsed("Order", order, "must be asc or desc").unwrap_or(default_order),
        limit: given.parsed("MaxResults", limit, "must be a whole number from 1 to 100").unwrap_or(MAX_RESULTS),
        after: given.text("NextToken"),
    };
    given.finish()?;
    Ok(query)
}

/// `Running` is the vendor's word, which means all tasks that have not ended.
fn states(text: &str) -> Option<Vec<TaskState>> {
    let state = TaskState::ALL.iter().copied().find(|state| state.name() == text)?;
    Some(match state {
        TaskState::Running => TaskState::ALL.iter().copied().filter(|state| !state.has_ended()).collect(),
        state => vec![state],
    })
}

/// `a=b&c=d`. Names have no `=`, values may.
fn tags(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    text.split('&').map(pair).collect()
}

fn range(given: &mut Parameters, from: &str, to: &str) -> Range {
    let range = (given.moment(from), given.moment(to));
    if let (Some(first), Some(last)) = range
        && first >= last
    {
        let value = given.text(to);
        given.fault(to, value.as_deref(), format!("must be later than {from}"));
    }
    range
}

fn sort(text: &str) -> Option<SortBy> {
    match text {
        "TaskId" => Some(SortBy::TaskId),
        "StartTime" => Some(SortBy::StartTime),
        "EndTime" => Some(SortBy::EndTime),
        _ => None,
    }
}

fn order(text: &str) -> Option<Order> {
    match text {
        "asc" => Some(Order::Ascending),
        "desc" => Some(Order::Descending),
        _ => None,
    }
}

fn limit(text: &str) -> Option<u32> {
    text.parse().ok().filter(|limit| (1..=MAX_RESULTS).contains(limit))
}
