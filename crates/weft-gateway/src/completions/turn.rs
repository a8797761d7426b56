//! A turn of the agent, made apart from the connection that asked for it.
//!
//! The turn has a task of its own, because it outlives its client for a moment: when the client goes away the turn is
//! stopped, and what has arrived by then is still stored.

use super::request::ChatRequest;
use super::store_outcome::{ENDED, StoreOutcome};
use crate::api_error::ApiError;
use crate::state::Shared;
use crate::{log, running_turns};
use clawft_types::{Config, Input, Message, Session, SessionId};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;
use weft_agent::{Answer, Error, Stop};

/// The longest time that a turn may wait to be stored once all turns are stopped. The gateway waits for turns a little longer.
pub(crate) const LAST_CHANCE: Duration = Duration::from_millis(500);

/// What is said, and where it is stored.
pub(super) enum Talk {
    /// In a stored session.
    Stored(SessionId, Input),
    /// After what the request brought with it.
    Brought(Vec<Message>, Input),
}

impl Talk {
    /// What `request` says in `session`, or, without one, in the conversation that it brings.
    ///
    /// # Errors
    /// 400 if there is a session and the request brings a conversation all the same.
    pub(super) fn new(session: Option<SessionId>, request: ChatRequest) -> Result<Talk, ApiError> {
        match session {
            None => Ok(Talk::Brought(request.earlier, request.input)),
            Some(id) if request.earlier.is_empty() => Ok(Talk::Stored(id, request.input)),
            Some(_) => {
                let message = "messages: with the header `X-Clawft-Session` the gateway knows what was said before, \
                               send one message of the user alone";
                Err(ApiError::invalid(message).at("messages"))
            }
        }
    }
}

/// What comes of a turn, in this order: any number of texts, the end.
pub(super) enum Piece {
    /// The next piece of the answer, where it is streamed.
    Text(String),
    /// The whole of it, or why there is none.
    End(Result<Made, Error>),
}

/// An answer, and whether it was stored.
pub(super) struct Made {
    /// What the model said.
    pub(super) answer: Answer,
    /// Whether the turn was stored; `None` if it belongs to no session.
    pub(super) stored: Option<StoreOutcome>,
}

/// A turn as its client sees it. Dropping it stops the turn.
pub(super) struct Pieces {
    receiver: UnboundedReceiver<Piece>,
    stop: Stop,
}

impl Pieces {
    /// The next piece; `None` if the turn was lost without an end.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        self.receiver.recv().await
    }

    /// The same for those who poll.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.receiver.poll_recv(context)
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Starts a turn. `room` is given back when it is over.
pub(super) fn start(shared: &Shared, room: OwnedSemaphorePermit, config: Config, talk: Talk) -> Pieces {
    // Unbounded, because a slow client is no reason to read a provider slowly; what a provider may send is bounded by
    // `max_response_bytes`.
    let (sender, receiver) = unbounded_channel();
    let stop = shared.stop.child();
    shared.turns.spawn({
        let (shared, stop) = (shared.clone(), stop.clone());
        async move {
            let made = make(&shared, config, talk, stop, &sender).await;
            // Before the end is sent: a client that has its answer can ask again.
            drop(room);
            let _ = sender.send(Piece::End(made));
        }
    });
    Pieces { receiver, stop }
}

async fn make(
    shared: &Shared,
    config: Config,
    talk: Talk,
    stop: Stop,
    sender: &UnboundedSender<Piece>,
) -> Result<Made, Error> {
    let _counted = shared.metrics.making();
    let began = Instant::now();
    let mut first = true;
    // That nobody listens any more is noticed by `Pieces`.
    let mut show = |text: &str| {
        if std::mem::take(&mut first) {
            shared.metrics.began(began.elapsed());
        }
        let _ = sender.send(Piece::Text(text.to_owned()));
    };
    let agent = &shared.agent;
    let made = match talk {
        Talk::Stored(id, input) => {
            let turn = shared.running.begin(&id);
            let permit = permit_to_store(shared, &turn);
            let answered = agent.answer_with_permit(&config, id, input, &stop, &mut show, permit).await;
            answered.map(|(answer, error)| {
                let stored = error.as_ref().map_or(StoreOutcome::Stored, StoreOutcome::failed);
                Made { answer, stored: Some(stored) }
            })
        }
        Talk::Brought(messages, input) => {
            let session = Session { messages, ..Session::default() };
            let answered = agent.converse(&config, session, input, &stop, &mut show).await;
            answered.map(|answer| Made { answer, stored: None })
        }
    };
    let answer = made.as_ref().ok().map(|made| &made.answer);
    let incomplete = answer.is_some_and(|answer| answer.incomplete.is_some());
    shared.metrics.completed(began.elapsed(), answer.and_then(|answer| answer.usage), incomplete);
    warn(&made);
    made
}

/// Waits for the permits to store a turn, but not beyond the gateway's end: the client still gets an answer that is not stored.
/// What is returned holds them, and waits for that end: a disk may take longer, and then nobody knows whether the turn is stored.
///
/// # Errors
/// If the session was deleted meanwhile, or the gateway ends.
async fn permit_to_store(
    shared: &Shared,
    turn: &running_turns::RunningTurn,
) -> Result<impl Future<Output = Error>, Error> {
    let permits = async { Ok::<_, Error>((turn.may_store().await?, shared.work.files().await)) };
    let held = tokio::select! {
        permits = permits => permits?,
        error = ended(shared.stop.clone()) => return Err(error),
    };
    let stop = shared.stop.clone();
    Ok(async move {
        let error = ended(stop).await;
        drop(held);
        error
    })
}

/// Waits until there is no time left to store a turn, and returns the error of that.
async fn ended(stop: Stop) -> Error {
    stop.stopped().await;
    sleep(LAST_CHANCE).await;
    Error::other(ENDED)
}

fn warn(made: &Result<Made, Error>) {
    let warnings = made.iter().flat_map(|made| &made.answer.warnings);
    warnings.for_each(|warning| log::warn(warning));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::tests::local;
    use tokio::time::{Instant, timeout};

    #[tokio::test(start_paused = true)]
    async fn a_turn_waits_to_be_stored_until_the_gateway_ends() {
        let gateway = local();
        let [first, second] = [(), ()].map(|()| gateway.shared.running.begin(&SessionId::default()));
        let stored = permit_to_store(&gateway.shared, &first).await.unwrap();
        let hour = Duration::from_secs(3600);
        assert!(
            timeout(hour, permit_to_store(&gateway.shared, &second)).await.is_err(),
            "it is not its turn"
        );
        gateway.shared.stop.stop();
        let began = Instant::now();
        let error = permit_to_store(&gateway.shared, &second).await.err().unwrap();
        assert_eq!((error.to_string().as_str(), began.elapsed()), (ENDED, LAST_CHANCE));
        let began = Instant::now();
        assert_eq!(
            (stored.await.to_string().as_str(), began.elapsed()),
            (ENDED, LAST_CHANCE),
            "on a slow disk"
        );
        assert!(
            permit_to_store(&gateway.shared, &second).await.is_ok(),
            "there is time for what does not wait"
        );
    }
}
