//! The provider's key in tests, and the search for it.

/// The variable with the key.
pub const KEY_VARIABLE: &str = "SMOKE_API_KEY";

/// The key. No eight consecutive characters of it may appear in any output, and none appear by chance.
pub const KEY: &str = "sk-Qx7LmVt2RzW9aYp4KdN8uJc5HbGe3FsT";

/// The number of consecutive characters of the key that count as a leak.
const LEAK: usize = 8;

/// Returns whether `text` contains [`LEAK`] consecutive characters of `key`.
pub fn contains_key(text: &str, key: &str) -> bool {
    let characters: Vec<char> = key.chars().collect();
    let found = |part: &[char]| text.contains(&part.iter().collect::<String>());
    // Every leak contains one of these blocks. A search for them first is faster, and some texts are long.
    characters.chunks(LEAK / 2).any(found) && characters.windows(LEAK).any(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_parts_of_a_key() {
        assert!(contains_key(&format!("Bearer {KEY}"), KEY));
        assert!(contains_key(&format!("key {}… is wrong", &KEY[..8]), KEY));
        assert!(contains_key(&format!("…{}", &KEY[KEY.len() - 8..]), KEY));
        assert!(!contains_key(
            &format!("a key that ends in {}", &KEY[KEY.len() - 4..]),
            KEY
        ));
        assert!(!contains_key("", KEY));
    }
}
