//! The user in front of a chat, as the tools see them: calls are shown on standard error, and questions asked there.

use crate::command::print_line;
use crate::command::terminal::{self, Spinner};
use clawft_types::json::Writer;
use clawft_types::{ToolCall, ToolResult};
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};
use weft_agent::User;

/// A spinner that tools and answers share: whoever prints ends it.
#[derive(Clone, Default)]
pub(super) struct Spin(Arc<Mutex<Option<Spinner>>>);

impl Spin {
    /// Starts the spinner, in place of one that is turning.
    pub(super) fn start(&self, label: &str) {
        self.end();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Spinner::start(label));
    }

    /// Ends the spinner, and leaves an empty line where it was.
    pub(super) fn end(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// The user of `weft chat`.
pub(super) struct ChatUser {
    /// Whether every call is permitted: `--yes`.
    yes: bool,
    /// Whether events are printed: `--json`.
    json: bool,
    spin: Spin,
}

impl ChatUser {
    pub(super) fn new(yes: bool, json: bool, spin: Spin) -> ChatUser {
        ChatUser { yes, json, spin }
    }

    /// Prints an event. If that fails, the answer cannot be printed either, and that is reported.
    fn print(&self, event: impl FnOnce(&mut Writer)) {
        if self.json {
            self.spin.end();
            let mut writer = Writer::default();
            event(&mut writer);
            let _ = print_line(writer);
        }
    }
}

impl User for ChatUser {
    fn notice(&self, call: &str) {
        self.spin.end();
        terminal::note(&format!("tool: {call}"));
        self.spin.start(call);
    }

    fn called(&self, call: &ToolCall) {
        self.print(|writer| call.write_event(writer));
    }

    fn returned(&self, call: &ToolCall, result: &ToolResult) {
        self.print(|writer| result.write_event(&call.name, writer));
    }

    fn permits(&self, call: &str, preview: &str) -> Option<bool> {
        if self.yes {
            return Some(true);
        }
        if !self.is_present() {
            return None;
        }
        self.spin.end();
        terminal::hint(preview.trim_end());
        terminal::ask(&format!("Allow {call}? [y/N] "));
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        Some(read.is_ok() && terminal::is_yes(&line))
    }

    fn is_present(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}
