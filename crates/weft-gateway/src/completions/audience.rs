//! The user of a turn: whoever follows it sees the calls of tools, and may be asked about them.

use std::{sync::Arc, time::Duration};

use clawft_types::{ToolCall, ToolResult, json::Writer};
use tokio::{sync::mpsc::UnboundedSender, time::timeout};
use weft_agent::{Decision, User};

use super::turn::TurnOutput;
use crate::{id, live_answers::LiveAnswer};

/// The time that the user has for an answer.
const PATIENCE: Duration = Duration::from_secs(300);

/// The use that the client of a turn has for the calls of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Nothing: it knows answers only.
    None,
    /// It shows them.
    Watches,
    /// It also asks its user for permissions.
    Decides,
}

/// The user of a turn.
pub(super) struct TurnUser {
    live: Arc<LiveAnswer>,
    sender: UnboundedSender<TurnOutput>,
    decides: bool,
}

impl TurnUser {
    /// Returns the user behind a client; `None` if the client knows answers only.
    pub(super) fn new(
        audience: Audience,
        live: Arc<LiveAnswer>,
        sender: UnboundedSender<TurnOutput>,
    ) -> Option<TurnUser> {
        let decides = match audience {
            Audience::None => return None,
            Audience::Watches => false,
            Audience::Decides => true,
        };
        Some(TurnUser {
            live,
            sender,
            decides,
        })
    }
}

/// Sends an event to the client and to those who have joined.
fn send(live: &LiveAnswer, sender: &UnboundedSender<TurnOutput>, write: impl FnOnce(&mut Writer)) {
    let mut writer = Writer::default();
    write(&mut writer);
    let event = String::from_utf8_lossy(&writer.into_bytes()).into_owned();
    live.event(&event);
    let _ = sender.send(TurnOutput::Event(event));
}

impl User for TurnUser {
    fn notice(&self, _call: &str) {}

    fn called(&self, call: &ToolCall) {
        send(&self.live, &self.sender, |writer| call.write_event(writer));
    }

    fn returned(&self, call: &ToolCall, result: &ToolResult) {
        send(&self.live, &self.sender, |writer| {
            result.write_event(&call.name, writer);
        });
    }

    fn permits(&self, _call: &str, _preview: &str) -> Option<bool> {
        None
    }

    fn decides(&self, call: &str, preview: &str) -> Option<Decision> {
        if !self.decides {
            return None;
        }
        let id = id::random();
        let asked = self.live.ask(&id);
        send(&self.live, &self.sender, |writer| {
            writer.object(|event| {
                event.text_member("event", "question");
                event.text_member("id", &id);
                event.text_member("call", call);
                event.text_member("preview", preview);
            });
        });
        let live = Arc::clone(&self.live);
        let sender = self.sender.clone();
        Some(Box::pin(async move {
            let permits = timeout(PATIENCE, asked).await.ok().and_then(Result::ok);
            send(&live, &sender, |writer| {
                writer.object(|event| {
                    event.text_member("event", "decision");
                    event.text_member("id", &id);
                    event.literal_member("allow", if permits == Some(true) { "true" } else { "false" });
                });
            });
            permits
        }))
    }

    fn is_present(&self) -> bool {
        false
    }

    fn may_be_asked(&self) -> bool {
        self.decides
    }
}
