//! Error messages.

/// Asserts properties of every error message: it is not empty, has a bounded length, and contains no control
/// characters.
pub(crate) fn check(error: &str) {
    assert!(!error.is_empty(), "an error says something");
    assert!(
        error.len() <= 4096,
        "an error is not as long as what it is about: {} bytes",
        error.len()
    );
    assert!(
        !error.contains(char::is_control),
        "an error holds a control character: {error:?}"
    );
}
