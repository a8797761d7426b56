//! The search in the files of sessions: a file is read in chunks, and parsed only if it may hold the words.

use std::{
    fs::{self, File},
    io::Read,
    sync::Arc,
};

use clawft_store::Sessions;
use memchr::memmem::Finder;
use tokio::sync::{Mutex, OwnedMutexGuard};
use weft_agent::Error;

use super::{list::newest, titles};
use crate::{
    search::{Search, plain_part},
    store::{LISTED, Summary, title_of},
};

/// The number of bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// Texts that may stand for letters of ASCII: escape sequences of JSON, and the two letters beyond ASCII that are such
/// letters in lower case.
const DISGUISES: [&str; 3] = ["\\u", "İ", "\u{212a}"];

/// The searches of a client, one at a time.
#[derive(Clone, Default)]
pub(super) struct Searches(Arc<Mutex<()>>);

impl Searches {
    /// Waits for the permit to search.
    pub(super) async fn permit(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0).lock_owned().await
    }
}

/// Returns the newest sessions that hold the words, or some of them if the result is no longer `wanted`. A session that
/// cannot be read is omitted.
pub(super) fn search(
    store: &Sessions,
    search: &Search,
    wanted: &dyn Fn() -> bool,
) -> Result<Vec<Summary>, Error> {
    let titled = titles::list(store)?;
    let mut found = Vec::new();
    for (id, stamp) in newest(store)? {
        if found.len() >= LISTED || !wanted() {
            break;
        }
        let given = titled.contains(&id).then(|| titles::read(store, &id)).flatten();
        let missing = search.missing_in(given.as_deref().unwrap_or_default());
        let Ok(path) = store.path(&id) else { continue };
        // A file of another type may have no end, and a link may lead anywhere.
        let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        if !is_file || !File::open(path).is_ok_and(|file| may_hold(file, &missing, wanted)) {
            continue;
        }
        let Ok(Some(session)) = store.read(&id) else {
            continue;
        };
        let title = given.unwrap_or_else(|| title_of(&session.messages));
        found.extend(search.excerpt(&title, &session.messages).map(|excerpt| Summary {
            id,
            updated: stamp.updated,
            title,
            messages: session.messages.len(),
            excerpt: Some(excerpt),
        }));
    }
    Ok(found)
}

/// Returns whether the file of a session may hold all words. It may also if it has [`DISGUISES`].
fn may_hold(mut file: impl Read, words: &[&str], wanted: &dyn Fn() -> bool) -> bool {
    let mut missing: Vec<Finder<'_>> = words
        .iter()
        .map(|word| plain_part(word))
        .filter(|part| !part.is_empty())
        .map(Finder::new)
        .collect();
    let disguises = DISGUISES.map(Finder::new);
    let longest = DISGUISES.iter().chain(words).map(|word| word.len()).max();
    let overlap = longest.unwrap_or_default();
    let mut buffer = vec![0; overlap + CHUNK];
    let mut kept = 0;
    while !missing.is_empty() {
        let read = match buffer.get_mut(kept..) {
            Some(free) if wanted() => file.read(free).unwrap_or(0),
            _ => 0,
        };
        if read == 0 {
            return false;
        }
        let end = kept + read;
        let Some(text) = buffer.get_mut(..end) else {
            return false;
        };
        text.make_ascii_lowercase();
        if disguises.iter().any(|disguise| disguise.find(text).is_some()) {
            return true;
        }
        missing.retain(|word| word.find(text).is_none());
        // A word may go on in the next chunk.
        kept = end.min(overlap);
        buffer.copy_within(end - kept..end, 0);
    }
    true
}

#[cfg(test)]
mod tests {
    use weft_agent::Home;

    use super::*;

    #[test]
    fn finds_words_across_chunks() {
        /// Returns at most this many bytes at once.
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let most = self.1.min(buffer.len());
                self.0.read(&mut buffer[..most])
            }
        }
        let text = format!("{}Needle in a haystack", "x".repeat(CHUNK - 3));
        for step in [1, 2, 5, CHUNK, usize::MAX] {
            let holds = |words: &[&str]| may_hold(Slow(text.as_bytes(), step), words, &|| true);
            assert!(holds(&["needle", "haystack"]), "{step}");
            assert!(!holds(&["needle", "haystacks"]), "{step}");
            assert!(holds(&["ä"]), "{step}");
        }
        assert!(may_hold(r"\u006eeedle".as_bytes(), &["needle"], &|| true));
        assert!(!may_hold(text.as_bytes(), &["needle"], &|| false));
    }

    #[test]
    fn finds_sessions_by_their_text_and_title() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home {
            directory: directory.path().to_owned(),
            config: directory.path().join("config.json"),
        };
        let store = home.sessions().unwrap();
        for (id, text) in [
            ("a", "Apples, \\\"red\\\""),
            ("b", "pe\\u0061rs"),
            ("c", "Birnen und Äpfel"),
            ("d", "İstanbul"),
        ] {
            let messages = format!(r#"[{{"role":"user","content":"{text}"}}]"#);
            let file = format!(r#"{{"version":1,"id":"{id}","messages":{messages}}}"#);
            fs::create_dir_all(directory.path().join("sessions")).unwrap();
            fs::write(directory.path().join(format!("sessions/{id}.json")), file).unwrap();
        }
        titles::write(&store, &"c".parse().unwrap(), "Fruit").unwrap();
        let found = |words: &str| -> Vec<String> {
            let words = Search::parse(words).unwrap().unwrap();
            let mut found: Vec<String> = search(&store, &words, &|| true)
                .unwrap()
                .into_iter()
                .map(|summary| summary.id.to_string())
                .collect();
            found.sort();
            found
        };
        for (words, ids) in [
            ("apples", &["a"][..]),
            ("\"red\"", &["a"]),
            ("PEARS", &["b"]),
            ("äpfel", &["c"]),
            ("fruit birnen", &["c"]),
            ("fruit", &["c"]),
            ("p", &["a", "b", "c"]),
            ("istanbul", &["d"]),
            // Names of the format are no text.
            ("content", &[]),
        ] {
            assert_eq!(found(words), ids, "{words}");
        }
    }
}
