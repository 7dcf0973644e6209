//! Which streams of a source a target takes.

use serde::{Deserialize, Serialize};

/// `Stream` of `Targets[].Video`, `Audio`, `Subtitle`, `AttachedPicture` and `Data`. Numbers count the streams of one kind in
/// the order of the file, from 0; numbers that no stream has are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum StreamChoice {
    /// None of them.
    None,
    /// The first one.
    #[default]
    First,
    /// All of them.
    All,
    /// These, in this order.
    These(Vec<usize>),
}

impl StreamChoice {
    /// The numbers that were asked for and that none of so many streams has, each once.
    pub fn missing(&self, count: usize) -> Vec<usize> {
        let Self::These(wanted) = self else { return Vec::new() };
        let mut missing: Vec<_> = wanted.iter().copied().filter(|number| *number >= count).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// The chosen ones out of so many streams, by their numbers, each once.
    pub fn of(&self, count: usize) -> Vec<usize> {
        match self {
            Self::None => Vec::new(),
            Self::First => (0..count.min(1)).collect(),
            Self::All => (0..count).collect(),
            Self::These(wanted) => {
                let mut chosen = Vec::new();
                for number in wanted.iter().copied().filter(|number| *number < count) {
                    if !chosen.contains(&number) {
                        chosen.push(number);
                    }
                }
                chosen
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_ignored() {
        assert_eq!(StreamChoice::These(vec![1, 7, 0, 1]).of(2), [1, 0]);
        assert_eq!(StreamChoice::These(vec![1, 7, 0, 7, 3]).missing(2), [3, 7]);
        assert_eq!(StreamChoice::First.missing(0), Vec::<usize>::new());
        assert_eq!(StreamChoice::First.of(0), Vec::<usize>::new());
        assert_eq!(StreamChoice::All.of(3), [0, 1, 2]);
    }
}
