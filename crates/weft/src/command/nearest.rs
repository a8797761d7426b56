//! The word that a user may have meant.

/// Returns the one of `known` that differs from `word` by the fewest letters; `None` if all differ much.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    let distances = known.into_iter().map(|known| (distance(word, known), known));
    let (found, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (found <= most).then_some(known)
}

/// Returns the number of letters to insert, remove, change or exchange with their neighbours.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=other.len()).collect());
    let mut previous = None;
    for (row, letter) in one.chars().enumerate() {
        let mut next = vec![row + 1];
        for (column, known) in other.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let changed = at(&last, column) + usize::from(letter != *known);
            let shorter = (at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let is_exchange =
                column > 0 && previous == Some(*known) && other.get(column - 1) == Some(&letter);
            let exchanged = if is_exchange {
                at(&before, column - 1) + 1
            } else {
                usize::MAX
            };
            next.push(changed.min(shorter).min(exchanged));
        }
        before = std::mem::replace(&mut last, next);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_words_are_near() {
        let known = ["new", "session", "model", "system", "retry", "save"];
        for (word, found) in [
            ("modl", Some("model")),
            ("sesion", Some("session")),
            ("sessions", Some("session")),
            ("rerty", Some("retry")),
            ("nwe", Some("new")),
            ("clear", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), found, "{word}");
        }
    }
}
