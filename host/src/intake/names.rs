//! The nearest of the known names, for hints.

/// Longest name that is compared: the cost is quadratic.
const LONGEST: usize = 40;

/// The known name that was probably meant: equal but for case, or at most two edits away and sharing more than half.
pub(super) fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    if name.len() > LONGEST {
        return None;
    }
    let lower: Vec<char> = name.to_lowercase().chars().collect();
    let measured = known.iter().map(|candidate| {
        let other: Vec<char> = candidate.to_lowercase().chars().collect();
        (edits(&lower, &other), *candidate)
    });
    let (distance, candidate) = measured.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2 && distance * 2 < candidate.len()).then_some(candidate)
}

/// Levenshtein's distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            let best = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            row[j] = left;
            (diagonal, left) = (above, best);
        }
        row[b.len()] = left;
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (a, b, distance) in [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2)] {
            assert_eq!(edits(&chars(a), &chars(b)), distance, "{a} {b}");
        }
    }

    #[test]
    fn near_misses_get_a_hint_and_others_none() {
        let known = ["FontApha", "FontColor", "URI", "Dx"];
        assert_eq!(nearest("FontAlpha", &known), Some("FontApha"));
        assert_eq!(nearest("fontcolor", &known), Some("FontColor"));
        assert_eq!(nearest("Uri", &known), Some("URI"));
        assert_eq!(nearest("Opacity", &known), None);
        assert_eq!(nearest("Xy", &known), None);
    }
}
