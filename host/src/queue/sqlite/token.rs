//! The token of a next page: where the page before ended, and in which list.

use crate::queue::{Order, QueueError, SortBy};
use crate::task::TaskId;

/// A place in a sorted list. As text it is URL-safe: two letters for the list, the sort key, a dot, the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Milliseconds; 0 where the list is sorted by id alone.
    pub(super) key: i64,
    pub(super) id: TaskId,
}

impl Place {
    pub(super) fn text(&self, sort: SortBy, order: Order) -> String {
        format!("{}{}.{}", list(sort, order), self.key, self.id)
    }

    /// Takes exactly what [`Place::text`] writes for the same list.
    pub(super) fn parse(text: &str, sort: SortBy, order: Order) -> Result<Self, QueueError> {
        let place = text.strip_prefix(list(sort, order)).and_then(|rest| rest.split_once('.')).and_then(|(key, id)| {
            let place = Self { key: key.parse().ok()?, id: id.parse().ok()? };
            (place.text(sort, order) == text).then_some(place)
        });
        place.ok_or(QueueError::BadToken)
    }
}

fn list(sort: SortBy, order: Order) -> &'static str {
    match (sort, order) {
        (SortBy::TaskId, Order::Ascending) => "ia",
        (SortBy::TaskId, Order::Descending) => "id",
        (SortBy::StartTime, Order::Ascending) => "sa",
        (SortBy::StartTime, Order::Descending) => "sd",
        (SortBy::EndTime, Order::Ascending) => "ea",
        (SortBy::EndTime, Order::Descending) => "ed",
    }
}
