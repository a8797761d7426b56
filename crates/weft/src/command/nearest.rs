//! The word that a user may have meant.

/// Returns the one of `known` that differs from `word` by the fewest letters, inserted, removed, changed or exchanged
/// with their neighbours; `None` if all differ much.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    let distances = known
        .into_iter()
        .map(|known| (strsim::osa_distance(word, known), known));
    let (found, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (found <= most).then_some(known)
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
