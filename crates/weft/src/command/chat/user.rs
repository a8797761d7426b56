//! The user in front of a chat, as the tools see them: calls are shown on standard error, and questions asked there.

use std::{
    io::{self, IsTerminal as _},
    sync::atomic::{AtomicBool, Ordering},
};

use clawft_types::{ToolCall, ToolResult, json::Writer};
use weft_agent::User;

use super::screen::Screen;
use crate::command::{print_line, terminal};

/// The user of `weft chat`.
pub(super) struct ChatUser {
    /// Whether every call is permitted: `--yes`.
    yes: bool,
    /// Whether events are printed: `--json`.
    json: bool,
    screen: Screen,
    /// Whether the user has refused the current call.
    refused: AtomicBool,
}

impl ChatUser {
    pub(super) fn new(yes: bool, json: bool, screen: Screen) -> ChatUser {
        ChatUser {
            yes,
            json,
            screen,
            refused: AtomicBool::new(false),
        }
    }

    /// Prints an event. If that fails, the answer cannot be printed either, and that is reported.
    fn print(&self, event: impl FnOnce(&mut Writer)) {
        if self.json {
            let mut writer = Writer::default();
            event(&mut writer);
            self.screen.between(|| {
                let _ = print_line(writer);
            });
        }
    }
}

impl User for ChatUser {
    fn notice(&self, call: &str) {
        self.screen.between(|| terminal::note(&format!("tool: {call}")));
        self.screen.wait_for(call);
    }

    fn called(&self, call: &ToolCall) {
        self.print(|writer| call.write_event(writer));
    }

    fn returned(&self, call: &ToolCall, result: &ToolResult) {
        self.print(|writer| result.write_event(&call.name, writer));
        // A user at a terminal is told of a failed call, unless they have refused it.
        let is_refused = self.refused.swap(false, Ordering::SeqCst);
        if result.is_error && !is_refused && !self.json && self.is_present() {
            let reason = result.content.lines().next().unwrap_or_default();
            self.screen.between(|| terminal::note_failure(reason));
        }
        self.screen.wait_again();
    }

    fn permits(&self, call: &str, preview: &str) -> Option<bool> {
        if self.yes {
            return Some(true);
        }
        if !self.is_present() {
            return None;
        }
        let allows = self.screen.question(|| {
            terminal::preview(preview);
            terminal::ask(&format!("Allow {call}? [y/N] "));
            let line = terminal::read_line(&terminal::is_interrupted);
            if line.is_none() {
                terminal::hint("");
            }
            line.is_some_and(|line| terminal::is_yes(&line))
        });
        self.screen.wait_for(call);
        self.refused.store(!allows, Ordering::SeqCst);
        Some(allows)
    }

    fn is_present(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}
