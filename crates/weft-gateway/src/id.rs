//! Random names for requests and answers.

use std::fmt::Write as _;

/// How many random bytes a name has.
const BYTES: usize = 12;

/// 24 hexadecimal digits.
pub(super) fn random() -> String {
    let mut bytes = [0; BYTES];
    // A name that is not unique is a nuisance in the log, and no reason to answer nothing.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(2 * BYTES), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_differ() {
        let [one, other] = [super::random(), super::random()];
        assert_ne!(one, other);
        assert_eq!(one.len(), 24);
    }
}
