//! What became worse from one result file to the next.

use std::collections::BTreeMap;

/// A figure that is worse by more than this is told.
const WORSE: f64 = 1.15;

/// One figure that became worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Section and row.
    pub what: String,
    /// What it was.
    pub before: f64,
    /// What it is.
    pub now: f64,
}

/// The ratios of a result file: of each row the bold figures, which are better the smaller they are.
fn figures(text: &str) -> BTreeMap<String, f64> {
    let mut section = "";
    let mut figures = BTreeMap::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            section = name;
        }
        let Some(row) = line.strip_prefix("| ") else { continue };
        let name = row.split(" |").next().unwrap_or_default();
        for (place, bold) in row.split("**").skip(1).step_by(2).enumerate() {
            let number = bold.split([' ', '(']).next().and_then(|number| number.parse::<f64>().ok());
            if let Some(number) = number {
                // A row may name its thing in two cells.
                let second = row.split(" | ").nth(1).filter(|cell| cell.len() < 4).unwrap_or_default();
                figures.insert(format!("{section}: {name} {second} #{}", place + 1), number);
            }
        }
    }
    figures
}

/// The figures that are in both and became worse.
pub fn worse(before: &str, now: &str) -> Vec<Change> {
    let before = figures(before);
    let both = figures(now).into_iter().filter_map(|(what, now)| Some((before.get(&what).copied()?, what, now)));
    both.filter(|(before, _, now)| *now > before * WORSE)
        .map(|(before, what, now)| Change { what, before, now })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_both_and_clearly_worse_is_told() {
        let file = |a: &str, b: &str| {
            format!(
                "# day\n\n## One\n\n| what | ratio |\n|---|---|\n| a | 8 | 1 (0 to 2) | **{a} (0 to 9)** |\n| b | **{b}** |\n"
            )
        };
        let changes = worse(&file("1.00", "2.00"), &file("1.10", "2.50"));
        assert_eq!(changes, [Change { what: "One: b  #1".to_owned(), before: 2.0, now: 2.5 }]);
        assert!(worse("", &file("1", "1")).is_empty());
    }
}
