//! Binaryen's errors, in short.

/// Returns the errors in Binaryen's output, without the dump of the whole module that follows them.
pub fn complaints(stderr: &str) -> String {
    let told = |line: &&str| {
        ["error", "Error", "Fatal", "require", "Assertion"]
            .iter()
            .any(|word| line.contains(word))
    };
    let all = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut complaints: Vec<&str> = all().filter(told).take(4).collect();
    if complaints.is_empty() {
        complaints = all().take(4).collect();
    }
    let text = complaints.join("; ");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_dump_of_the_module() {
        let dump = format!(
            "[wasm-validator error in function 3] unexpected false\n{}",
            "(i32.const 0)\n".repeat(5000)
        );
        assert_eq!(
            complaints(&dump),
            "[wasm-validator error in function 3] unexpected false"
        );
    }

    #[test]
    fn shows_first_lines_without_known_word() {
        assert_eq!(complaints("a\n\n  b\n"), "a; b");
        assert_eq!(complaints(""), "");
    }
}
