//! A turn of the agent, in a task apart from the connection.
//!
//! The turn has its own task because it outlives its client: when the client disconnects, the turn is
//! stopped, and the text received so far is still stored.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clawft_types::{Config, Input, Message, Session, SessionId};
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::sleep,
};
use weft_agent::{Agent, Answer, Delta, Error, Fault, Stop, agent::Show};

use super::{
    audience::{Audience, TurnUser},
    request::ChatRequest,
    store_outcome::{ENDED, StoreOutcome},
};
use crate::{api_error::ApiError, keys::Client, log, running_turns, state::Shared, tenant::Tenant};

/// The longest time that a turn may wait to be stored after all turns were stopped. The gateway waits a
/// little longer for turns.
pub(crate) const STORE_TIME: Duration = Duration::from_millis(500);

/// The input of a turn, and where it is stored.
pub(super) enum TurnInput {
    /// A message in a stored session, which continues all of it or its first messages.
    Stored(SessionId, Input, Option<usize>),
    /// A message after those that the request contains.
    Given(Vec<Message>, Input),
}

impl TurnInput {
    /// Returns the input of `request` in `session`, or in the request's own conversation if there is no
    /// session. With `keep` it continues the first messages of the session.
    ///
    /// # Errors
    /// 400 if there is a session and the request contains a conversation as well.
    pub(super) fn new(
        session: Option<SessionId>,
        keep: Option<usize>,
        request: ChatRequest,
    ) -> Result<TurnInput, ApiError> {
        match session {
            None => Ok(TurnInput::Given(request.earlier, request.input)),
            Some(id) if request.earlier.is_empty() => Ok(TurnInput::Stored(id, request.input, keep)),
            Some(_) => {
                let message = "messages: with the header `X-Clawft-Session` the gateway knows what was said before, \
                               send one message of the user alone";
                Err(ApiError::invalid(message).at("messages"))
            }
        }
    }
}

/// The output of a turn: any number of texts, then the end.
pub(super) enum TurnOutput {
    /// The next text of a streamed answer.
    Text(String),
    /// The next part of the model's reasoning.
    Reasoning(String),
    /// A call of a tool, its result, or a question about it, as JSON.
    Event(String),
    /// The complete answer, or an error.
    End(Result<Completed, Error>),
}

/// A complete answer, and whether it was stored.
pub(super) struct Completed {
    /// The answer of the model.
    pub(super) answer: Answer,
    /// Whether the turn was stored; `None` if it belongs to no session.
    pub(super) stored: Option<StoreOutcome>,
}

/// The client's side of a turn. Dropping it stops the turn, unless it is detached.
pub(super) struct TurnOutputs {
    receiver: UnboundedReceiver<TurnOutput>,
    stop: Stop,
    detached: bool,
}

impl TurnOutputs {
    /// Returns outputs that a test sends.
    #[cfg(test)]
    pub(super) fn of_test() -> (UnboundedSender<TurnOutput>, TurnOutputs) {
        let (sender, receiver) = unbounded_channel();
        let stop = Stop::new();
        let outputs = TurnOutputs {
            receiver,
            stop,
            detached: false,
        };
        (sender, outputs)
    }

    /// Returns the next output; `None` if the turn was lost without an end.
    pub(super) async fn next(&mut self) -> Option<TurnOutput> {
        self.receiver.recv().await
    }

    /// Lets the turn go on without the client.
    pub(super) fn detach(&mut self) {
        self.detached = true;
    }

    /// Returns the next output if it is there already; `None` also if the turn was lost.
    pub(super) fn next_ready(&mut self) -> Option<TurnOutput> {
        self.receiver.try_recv().ok()
    }
}

impl Drop for TurnOutputs {
    fn drop(&mut self) {
        if !self.detached {
            self.stop.stop();
        }
    }
}

/// Starts a turn. `room` is released when it is over.
pub(super) fn start(
    shared: &Shared,
    client: &Client,
    room: OwnedSemaphorePermit,
    config: Config,
    turn_input: TurnInput,
    audience: Audience,
) -> TurnOutputs {
    // Unbounded, because a slow client must not slow down reading from the provider; `max_response_bytes`
    // limits the memory.
    let (sender, receiver) = unbounded_channel();
    let stop = shared.stop.child();
    shared.turns.spawn({
        let tenant = client.tenant(&shared.owner);
        let shared = shared.clone();
        let stop = stop.clone();
        let spent = client.key().map(|key| Arc::clone(&key.spent));
        async move {
            let completed = make(&shared, &tenant, (config, turn_input, audience), stop, &sender).await;
            let usage = completed
                .as_ref()
                .ok()
                .and_then(|completed| completed.answer.usage);
            if let (Some(spent), Some(usage)) = (spent, usage) {
                spent.tokens(usage.total_tokens);
            }
            // Released before the end is sent, because a client that has its answer can send the next
            // request.
            drop(room);
            let _ = sender.send(TurnOutput::End(completed));
        }
    });
    TurnOutputs {
        receiver,
        stop,
        detached: false,
    }
}

async fn make(
    shared: &Shared,
    tenant: &Tenant,
    (config, turn_input, audience): (Config, TurnInput, Audience),
    stop: Stop,
    sender: &UnboundedSender<TurnOutput>,
) -> Result<Completed, Error> {
    let _counted = shared.metrics.making();
    let began = Instant::now();
    let live = match &turn_input {
        TurnInput::Stored(id, input, _) => Some(tenant.live.begin(id, input.text(), stop.clone())),
        TurnInput::Given(..) => None,
    };
    let mut first = true;
    // `TurnOutputs` notices that the client is gone.
    let mut show = |delta: Delta<'_>| {
        let output = match delta {
            Delta::Text(text) => {
                live.iter().for_each(|live| live.text(text));
                if std::mem::take(&mut first) {
                    shared.metrics.began(began.elapsed());
                }
                TurnOutput::Text(text.to_owned())
            }
            Delta::Reasoning(text) => {
                live.iter().for_each(|live| live.reasoning(text));
                TurnOutput::Reasoning(text.to_owned())
            }
        };
        let _ = sender.send(output);
    };
    let user = live
        .as_ref()
        .and_then(|live| TurnUser::new(audience, live.answer(), sender.clone()));
    let agent = &match user {
        Some(user) => tenant.agent.for_user(Arc::new(user)),
        None => tenant.agent.clone(),
    };
    let completed = match turn_input {
        TurnInput::Stored(id, input, keep) => {
            let turn = tenant.running.begin(&id);
            stored(
                shared,
                (tenant, agent),
                &turn,
                (&config, id, input, keep),
                &stop,
                &mut show,
            )
            .await
        }
        TurnInput::Given(messages, input) => {
            let session = Session {
                messages,
                ..Session::default()
            };
            let answered = agent.converse(&config, session, input, &stop, &mut show).await;
            answered.map(|answer| Completed { answer, stored: None })
        }
    };
    let answer = completed.as_ref().ok().map(|completed| &completed.answer);
    let incomplete = answer.is_some_and(|answer| answer.incomplete.is_some());
    shared.metrics.completed(
        began.elapsed(),
        answer.and_then(|answer| answer.usage),
        incomplete,
    );
    warn(&completed);
    completed
}

/// Makes a turn in a stored session, and stores it there.
async fn stored(
    shared: &Shared,
    (tenant, agent): (&Tenant, &Agent),
    turn: &running_turns::RunningTurn,
    (config, id, input, keep): (&Config, SessionId, Input, Option<usize>),
    stop: &Stop,
    show: Show<'_>,
) -> Result<Completed, Error> {
    let loaded = tokio::select! {
        biased;
        loaded = tenant.store.load(&id) => loaded?,
        () = stop.stopped() => return Err(Fault::Stopped.into()),
    };
    let (session, history) = loaded.begin(keep);
    let made = agent.continue_session(config, session, input, stop, show);
    let (mut answer, session) = match made.await {
        Ok(made) => made,
        Err(unanswered) => {
            // The next turn has to know what the tools have done, but an answer gives way to another answer only.
            if let Some(session) = unanswered.session.filter(|_| !history.replaces()) {
                tenant.store.append(history.finish(*session)).await?;
            }
            return Err(unanswered.error);
        }
    };
    let kept = match permit_to_store(shared, turn).await {
        Ok(held) => tokio::select! {
            biased;
            kept = tenant.store.append(history.finish(session)) => kept,
            error = held => Err(error),
        },
        Err(error) => Err(error),
    };
    let stored = match kept {
        Ok(warnings) => {
            answer.warnings.extend(warnings);
            StoreOutcome::Stored
        }
        Err(error) => {
            answer.is_not_stored(&error);
            StoreOutcome::failed(&error)
        }
    };
    Ok(Completed {
        answer,
        stored: Some(stored),
    })
}

/// Waits for the permit to store a turn, but not beyond the gateway's end: the client still gets an answer
/// that is not stored. The returned future holds the permit and waits for that end, because a slow disk may
/// take longer and the outcome is unknown then.
///
/// # Errors
/// If the session was deleted meanwhile, or the gateway ends.
async fn permit_to_store(
    shared: &Shared,
    turn: &running_turns::RunningTurn,
) -> Result<impl Future<Output = Error>, Error> {
    let held = tokio::select! {
        permit = turn.may_store() => permit?,
        error = ended(shared.stop.clone()) => return Err(error),
    };
    let stop = shared.stop.clone();
    Ok(async move {
        let error = ended(stop).await;
        drop(held);
        error
    })
}

/// Waits until there is no time left to store a turn, and returns the error for that.
async fn ended(stop: Stop) -> Error {
    stop.stopped().await;
    sleep(STORE_TIME).await;
    Error::other(ENDED)
}

fn warn(completed: &Result<Completed, Error>) {
    let warnings = completed.iter().flat_map(|completed| &completed.answer.warnings);
    warnings.for_each(|warning| log::warn(warning));
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::test_state;

    #[tokio::test(start_paused = true)]
    async fn waits_to_store_until_gateway_ends() {
        let (shared, _directory) = test_state::local();
        let [first, second] = [(), ()].map(|()| shared.owner.running.begin(&SessionId::default()));
        let stored = permit_to_store(&shared, &first).await.unwrap();
        let hour = Duration::from_secs(3600);
        assert!(
            timeout(hour, permit_to_store(&shared, &second)).await.is_err(),
            "it is not its turn"
        );
        shared.stop.stop();
        let began = Instant::now();
        let error = permit_to_store(&shared, &second).await.err().unwrap();
        assert_eq!((error.to_string().as_str(), began.elapsed()), (ENDED, STORE_TIME));
        let began = Instant::now();
        assert_eq!(
            (stored.await.to_string().as_str(), began.elapsed()),
            (ENDED, STORE_TIME),
            "on a slow disk"
        );
        assert!(
            permit_to_store(&shared, &second).await.is_ok(),
            "there is time for what does not wait"
        );
    }
}
