//! The search in the text of conversations: each word has to occur in the title or in a message, in upper or lower
//! case.

use clawft_types::Message;

/// The maximum number of bytes of a search.
const LONGEST: usize = 400;

/// The maximum number of characters of an excerpt, and of those before the word that was found.
const EXCERPT: usize = 160;
const BEFORE: usize = 40;

/// The words that a user searches for, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    words: Vec<String>,
}

impl Search {
    /// Parses what a user has typed. `Ok(None)` if that is nothing.
    ///
    /// # Errors
    /// If it is too long.
    pub(super) fn parse(text: &str) -> Result<Option<Search>, String> {
        if text.len() > LONGEST {
            return Err(format!(
                "search: more than {LONGEST} bytes, search for fewer words"
            ));
        }
        let mut words: Vec<String> = text.split_whitespace().map(fold).collect();
        words.sort_unstable();
        words.dedup();
        Ok(Some(Search { words }).filter(|search| !search.words.is_empty()))
    }

    /// Returns the words.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Returns the words that `title` does not hold.
    pub(super) fn missing_in(&self, title: &str) -> Vec<&str> {
        let title = fold(title);
        let words = self.words.iter().map(String::as_str);
        words.filter(|word| !title.contains(word)).collect()
    }

    /// Returns the text around the first word in a conversation that holds all words; an empty one if only the title
    /// holds them.
    pub(super) fn excerpt(&self, title: &str, messages: &[Message]) -> Option<String> {
        let mut missing = self.missing_in(title);
        let mut excerpt = None;
        for message in messages {
            if missing.is_empty() && excerpt.is_some() {
                break;
            }
            let text = fold(&message.content);
            let first = self.words.iter().filter_map(|word| text.find(word)).min();
            if let Some(at) = first {
                missing.retain(|word| !text.contains(word));
                let characters = text.get(..at).map_or(0, |before| before.chars().count());
                excerpt.get_or_insert_with(|| cut(&message.content, characters));
            }
        }
        missing.is_empty().then(|| excerpt.unwrap_or_default())
    }
}

/// Returns the longest part of a word that the file of a session holds as it is, but for upper and lower case of ASCII:
/// letters and digits that JSON has no reason to escape, and that have no other form.
pub(super) fn plain_part(word: &str) -> &str {
    word.split(|c: char| !c.is_ascii_alphanumeric() && !has_one_form(c))
        .max_by_key(|part| part.len())
        .unwrap_or_default()
}

/// Returns whether a character beyond ASCII is a letter without upper and lower case, as in Chinese.
fn has_one_form(c: char) -> bool {
    !c.is_ascii() && c.is_alphanumeric() && c.to_lowercase().eq([c]) && c.to_uppercase().eq([c])
}

/// Returns a text in lower case, with as many characters as before.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .map(|c| match c {
            'ς' => 'σ',
            c => c.to_lowercase().next().unwrap_or(c),
        })
        .collect()
}

/// Returns the characters around the one with this number, in one line.
fn cut(text: &str, found: usize) -> String {
    let start = found.saturating_sub(BEFORE);
    let mut rest = text.chars().skip(start);
    let shown: String = rest.by_ref().take(EXCERPT).collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    let [before, after] = [start > 0, rest.next().is_some()].map(|is_cut| if is_cut { "…" } else { "" });
    [before, &line, after].concat()
}

#[cfg(test)]
mod tests {
    use clawft_types::Role;

    use super::*;

    fn search(text: &str) -> Search {
        Search::parse(text).unwrap().unwrap()
    }

    fn excerpt(words: &str, title: &str, messages: &[&str]) -> Option<String> {
        let messages: Vec<Message> = messages
            .iter()
            .map(|text| Message::new(Role::User, *text))
            .collect();
        search(words).excerpt(title, &messages)
    }

    #[test]
    fn all_words_have_to_occur_in_any_case() {
        let talk = ["Which APPLES are\nsweet?", "Try \"Äpfel\" from ΟΔΥΣΣΕΥΣ."];
        for (words, found) in [
            ("apples", true),
            ("sweet apples", true),
            ("apples äpfel", true),
            ("ÄPFEL", true),
            ("οδυσσευς", true),
            ("fruit apples", true),
            ("fruit", true),
            ("\"äpfel\"", true),
            ("apples pears", false),
            ("are sweet", true),
        ] {
            assert_eq!(excerpt(words, "On Fruit", &talk).is_some(), found, "{words}");
        }
    }

    #[test]
    fn excerpt_is_one_line_around_the_first_hit() {
        assert_eq!(excerpt("b", "", &["a\n\nb  c"]).unwrap(), "a b c");
        let long = format!("{} Needle {}", "ä ".repeat(100), "z".repeat(1000));
        let found = excerpt("needle", "", &[&long]).unwrap();
        assert!(found.starts_with("…ä") && found.ends_with("z…"), "{found}");
        assert!(found.contains(" Needle z") && found.chars().count() <= EXCERPT + 2);
        assert_eq!(excerpt("title", "The title", &["text"]).unwrap(), "");
        assert_eq!(excerpt("İx", "", &["aİX"]).unwrap(), "aİX");
    }

    #[test]
    fn nothing_and_too_much_is_no_search() {
        assert_eq!(Search::parse("  "), Ok(None));
        assert!(Search::parse(&"a".repeat(401)).is_err());
        assert_eq!(search("b a B").words(), ["a", "b"]);
        for (word, part) in [
            ("don't", "don"),
            ("\"ab\\n", "ab"),
            ("äöü", ""),
            ("x-12", "12"),
            ("中文", "中文"),
            ("мир", ""),
        ] {
            assert_eq!(plain_part(word), part);
        }
    }
}
