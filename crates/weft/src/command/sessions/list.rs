//! `weft sessions list`: a table or JSON, with one entry for each session.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clawft_store::Sessions;
use clawft_types::{SessionId, json::Writer};
use weft_agent::Error;

use crate::command::{print_line, terminal::print};

/// An entry of the list.
struct Entry {
    id: SessionId,
    /// Number of messages, or the error that the session cannot be read with.
    messages: Result<usize, String>,
    /// Time of the last store, if the system knows it.
    used: Option<SystemTime>,
}

pub(super) fn list(sessions: &Sessions, json: bool) -> Result<(), Error> {
    let mut entries = Vec::new();
    for id in sessions.list()? {
        entries.push(entry(sessions, id)?);
    }
    entries.sort_by(|one, other| other.used.cmp(&one.used).then_with(|| one.id.cmp(&other.id)));
    if json {
        print_line(to_json(&entries))
    } else {
        print(&table(&entries, SystemTime::now()))
    }
}

fn entry(sessions: &Sessions, id: SessionId) -> Result<Entry, Error> {
    let used = fs::metadata(sessions.path(&id)?)
        .and_then(|file| file.modified())
        .ok();
    let messages = match sessions.read(&id) {
        // Another process may have removed the session meanwhile: it was there a moment ago.
        Ok(session) => Ok(session.map_or(0, |session| session.messages.len())),
        Err(error) => Err(error.to_string()),
    };
    Ok(Entry { id, messages, used })
}

fn to_json(entries: &[Entry]) -> Writer {
    let mut writer = Writer::default();
    writer.array(entries, |writer, entry| {
        writer.object(|object| {
            object.text_member("id", entry.id.as_str());
            match &entry.messages {
                Ok(count) => object.literal_member("messages", &count.to_string()),
                Err(error) => object.text_member("error", error),
            }
            if let Some(seconds) = entry.used.and_then(|used| used.duration_since(UNIX_EPOCH).ok()) {
                object.literal_member("modified", &seconds.as_secs().to_string());
            }
        });
    });
    writer
}

/// Returns columns under a heading, or nothing if there is no session.
fn table(entries: &[Entry], now: SystemTime) -> String {
    let longest = entries.iter().map(|entry| entry.id.as_str().len()).max();
    let Some(longest) = longest else {
        return String::new();
    };
    let width = longest.max("SESSION".len());
    let mut text = format!("{:width$}  MESSAGES  LAST USED\n", "SESSION");
    for Entry { id, messages, used } in entries {
        let messages = messages
            .as_ref()
            .map_or_else(|_| "unusable".to_owned(), usize::to_string);
        let used = used.map_or("unknown".to_owned(), |used| {
            ago(now.duration_since(used).unwrap_or_default())
        });
        text.push_str(&format!("{:width$}  {messages:>8}  {used}\n", id.as_str()));
    }
    text
}

/// Returns the approximate age: `5 minutes ago`.
fn ago(time: Duration) -> String {
    let seconds = time.as_secs();
    let (number, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, messages: Result<usize, &str>, age: u64) -> Entry {
        let used = Some(UNIX_EPOCH + Duration::from_secs(1_000_000 - age));
        Entry {
            id: id.parse().unwrap(),
            messages: messages.map_err(str::to_owned),
            used,
        }
    }

    #[test]
    fn aligns_columns_of_the_table() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let entries = [
            entry("a", Ok(12), 5),
            entry("a-long-name", Err("damaged"), 90_000),
        ];
        assert_eq!(
            table(&entries, now),
            "SESSION      MESSAGES  LAST USED\n\
             a                  12  just now\n\
             a-long-name  unusable  1 day ago\n"
        );
        assert_eq!(table(&[], now), "");
    }

    #[test]
    fn json_omits_unknown_values() {
        let unknown = Entry {
            used: None,
            ..entry("b", Err("damaged"), 0)
        };
        let json = to_json(&[entry("a", Ok(2), 0), unknown]).into_bytes();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"[{"id":"a","messages":2,"modified":1000000},{"id":"b","error":"damaged"}]"#
        );
    }

    #[test]
    fn rounds_ages_of_sessions_down() {
        for (seconds, words) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), words);
        }
    }
}
