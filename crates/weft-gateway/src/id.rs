//! Random identifiers for requests and answers.

use std::fmt::Write as _;

/// The number of random bytes.
const BYTES: usize = 12;

/// Returns 24 hexadecimal digits.
pub(super) fn random() -> String {
    let mut bytes = [0; BYTES];
    // An identifier that is not unique is no reason to refuse an answer.
    let _ = getrandom::fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(2 * BYTES), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn identifiers_differ() {
        let [one, other] = [super::random(), super::random()];
        assert_ne!(one, other);
        assert_eq!(one.len(), 24);
    }
}
