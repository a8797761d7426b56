//! The deltas of a text.

/// The maximum length of a delta in characters: no model's token is longer.
const LONGEST_PIECE: usize = 1000;

/// Splits `text` after each space, similar to a model's tokens.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').flat_map(short).collect()
}

/// Splits `word` into parts of limited length.
fn short(word: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = word
        .char_indices()
        .step_by(LONGEST_PIECE)
        .map(|(at, _)| at)
        .collect();
    starts.push(word.len());
    starts.windows(2).map(|ends| &word[ends[0]..ends[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_are_words_of_the_text() {
        assert_eq!(pieces("one  two ü"), ["one ", " ", "two ", "ü"]);
        let long = "ü".repeat(2500);
        assert_eq!(pieces(&long).concat(), long);
        assert_eq!(pieces(&long).len(), 3);
        assert!(pieces("").is_empty());
    }
}
