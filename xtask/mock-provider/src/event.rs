//! Server-sent events as text.

use serde_json::Value;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its `event` field, if it has one.
    pub(crate) name: Option<&'static str>,
    /// Its data, on one line.
    pub(crate) data: String,
}

/// The events of a regular answer. Faulty scenarios leave some of them out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// The events before the first text.
    pub(crate) opening: Vec<Event>,
    /// One event for each delta.
    pub(crate) deltas: Vec<Event>,
    /// The events after the last text; without the last of them the answer is not complete.
    pub(crate) closing: Vec<Event>,
}

impl Script {
    /// Returns all events in order.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.opening.iter().chain(&self.deltas).chain(&self.closing)
    }
}

impl Event {
    /// Returns an event without a name.
    pub(crate) fn data(value: &Value) -> Self {
        Self {
            name: None,
            data: value.to_string(),
        }
    }

    /// Returns an event with a name.
    pub(crate) fn named(name: &'static str, value: &Value) -> Self {
        Self {
            name: Some(name),
            data: value.to_string(),
        }
    }

    /// Returns the event in the form that most servers use.
    pub(crate) fn plain(&self) -> String {
        self.lines("\n")
    }

    /// Returns the event with each line ended by `end`.
    pub(crate) fn lines(&self, end: &str) -> String {
        let name = self
            .name
            .map(|name| format!("event: {name}{end}"))
            .unwrap_or_default();
        format!("{name}data: {}{end}{end}", self.data)
    }

    /// Returns the event in a form that the standard allows and hardly any server uses: its data on two
    /// lines, with comments, unknown fields and no space after a colon.
    pub(crate) fn odd(&self, end: &str) -> String {
        let name = self
            .name
            .map(|name| format!("event:{name}{end}"))
            .unwrap_or_default();
        // A line break is white space to JSON after its first bracket. Only there can it be inserted without
        // a parser.
        let data = match self.data.split_once('{') {
            Some(("", rest)) => format!("data:{{{end}data: {rest}{end}"),
            _ => format!("data:{}{end}", self.data),
        };
        format!(": a comment{end}id: 7{end}retry: 10{end}unknown{end}{name}{data}{end}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn event_ends_with_an_empty_line() {
        let event = Event::named("ping", &json!({ "type": "ping" }));
        assert_eq!(event.plain(), "event: ping\ndata: {\"type\":\"ping\"}\n\n");
        assert_eq!(Event::data(&json!(1)).lines("\r\n"), "data: 1\r\n\r\n");
    }

    #[test]
    fn odd_event_has_the_same_data() {
        let odd = Event::data(&json!({ "a": 1 })).odd("\r");
        let data: Vec<&str> = odd
            .split('\r')
            .filter_map(|line| line.strip_prefix("data:"))
            .collect();
        assert_eq!(data, ["{", " \"a\":1}"]);
        assert!(odd.ends_with("\r\r") && odd.starts_with(": a comment\r"));
    }
}
