//! The answers that are being made in sessions, so that a client can join one that another connection asked for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clawft_types::SessionId;
use tokio::sync::{oneshot, watch};
use weft_agent::Stop;

/// The running answers, by session.
#[derive(Clone, Default)]
pub(super) struct LiveAnswers(Arc<Mutex<BTreeMap<SessionId, Arc<LiveAnswer>>>>);

/// A running answer.
pub(super) struct LiveAnswer {
    /// The user's message.
    pub(super) question: String,
    shown: watch::Sender<Shown>,
    stop: Stop,
    /// The questions that wait for the user, by their ids.
    questions: Mutex<BTreeMap<String, oneshot::Sender<bool>>>,
}

/// The part of an answer that has arrived.
#[derive(Default)]
struct Shown {
    text: String,
    reasoning: String,
    events: Vec<String>,
    ended: bool,
}

/// A registered answer. It ends when this is dropped.
pub(super) struct Registered {
    answers: LiveAnswers,
    id: SessionId,
    answer: Arc<LiveAnswer>,
}

/// A client that follows an answer from its beginning.
pub(super) struct Follower {
    shown: watch::Receiver<Shown>,
    text: usize,
    reasoning: usize,
    events: usize,
}

/// The next part for a follower.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// More of the text.
    Text(String),
    /// More of the reasoning.
    Reasoning(String),
    /// A call of a tool, its result, or a question about it, as JSON.
    Event(String),
}

impl LiveAnswers {
    /// Registers the answer to `question`, which `stop` stops. A second answer in the same session takes its place.
    pub(super) fn begin(&self, id: &SessionId, question: &str, stop: Stop) -> Registered {
        let answer = Arc::new(LiveAnswer {
            question: question.to_owned(),
            shown: watch::Sender::default(),
            stop,
            questions: Mutex::default(),
        });
        self.table().insert(id.clone(), Arc::clone(&answer));
        Registered {
            answers: self.clone(),
            id: id.clone(),
            answer,
        }
    }

    /// Returns the running answer of a session.
    pub(super) fn find(&self, id: &SessionId) -> Option<Arc<LiveAnswer>> {
        self.table().get(id).cloned()
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<SessionId, Arc<LiveAnswer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveAnswer {
    /// Stops the answer. The part that has arrived is stored.
    pub(super) fn stop(&self) {
        self.stop.stop();
    }

    /// Adds an event.
    pub(super) fn event(&self, event: &str) {
        self.shown
            .send_modify(|shown| shown.events.push(event.to_owned()));
    }

    /// Returns the answer to the question `id`, when it is there.
    pub(super) fn ask(&self, id: &str) -> oneshot::Receiver<bool> {
        let (sender, receiver) = oneshot::channel();
        self.questions().insert(id.to_owned(), sender);
        receiver
    }

    /// Answers the question `id`. Returns false if it does not wait.
    pub(super) fn decide(&self, id: &str, permits: bool) -> bool {
        let asked = self.questions().remove(id);
        asked.is_some_and(|sender| sender.send(permits).is_ok())
    }

    fn questions(&self) -> MutexGuard<'_, BTreeMap<String, oneshot::Sender<bool>>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a follower, which gets the whole answer.
    pub(super) fn follow(&self) -> Follower {
        Follower {
            shown: self.shown.subscribe(),
            text: 0,
            reasoning: 0,
            events: 0,
        }
    }
}

impl Registered {
    /// Returns the answer.
    pub(super) fn answer(&self) -> Arc<LiveAnswer> {
        Arc::clone(&self.answer)
    }

    /// Adds a part of the text.
    pub(super) fn text(&self, part: &str) {
        self.answer.shown.send_modify(|shown| shown.text.push_str(part));
    }

    /// Adds a part of the reasoning.
    pub(super) fn reasoning(&self, part: &str) {
        self.answer
            .shown
            .send_modify(|shown| shown.reasoning.push_str(part));
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut table = self.answers.table();
        if table
            .get(&self.id)
            .is_some_and(|known| Arc::ptr_eq(known, &self.answer))
        {
            table.remove(&self.id);
        }
        drop(table);
        self.answer.shown.send_modify(|shown| shown.ended = true);
    }
}

impl Follower {
    /// Waits for the next part; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Part> {
        loop {
            let ended = {
                let shown = self.shown.borrow_and_update();
                if let Some(part) = shown
                    .reasoning
                    .get(self.reasoning..)
                    .filter(|part| !part.is_empty())
                {
                    self.reasoning = shown.reasoning.len();
                    return Some(Part::Reasoning(part.to_owned()));
                }
                if let Some(part) = shown.text.get(self.text..).filter(|part| !part.is_empty()) {
                    self.text = shown.text.len();
                    return Some(Part::Text(part.to_owned()));
                }
                if let Some(event) = shown.events.get(self.events) {
                    self.events += 1;
                    return Some(Part::Event(event.clone()));
                }
                shown.ended
            };
            if ended || self.shown.changed().await.is_err() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SessionId {
        SessionId::default()
    }

    #[tokio::test]
    async fn follower_gets_whole_answer() {
        let answers = LiveAnswers::default();
        let registered = answers.begin(&id(), "question", Stop::new());
        registered.reasoning("hm");
        registered.text("one ");
        let found = answers.find(&id()).unwrap();
        assert_eq!(found.question, "question");
        let mut follower = found.follow();
        assert_eq!(follower.next().await, Some(Part::Reasoning("hm".to_owned())));
        assert_eq!(follower.next().await, Some(Part::Text("one ".to_owned())));
        let next = tokio::spawn(async move { (follower.next().await, follower) });
        registered.text("two");
        let (part, mut follower) = next.await.unwrap();
        assert_eq!(part, Some(Part::Text("two".to_owned())));
        registered.text(" three");
        drop(registered);
        assert_eq!(follower.next().await, Some(Part::Text(" three".to_owned())));
        assert_eq!(follower.next().await, None);
        assert!(answers.find(&id()).is_none());
    }

    #[test]
    fn later_answer_outlives_earlier_one() {
        let answers = LiveAnswers::default();
        let first = answers.begin(&id(), "1", Stop::new());
        let second = answers.begin(&id(), "2", Stop::new());
        drop(first);
        assert_eq!(
            answers.find(&id()).map(|found| found.question.clone()).as_deref(),
            Some("2")
        );
        drop(second);
        assert!(answers.find(&id()).is_none());
    }

    #[tokio::test]
    async fn question_is_answered_once() {
        let answers = LiveAnswers::default();
        let registered = answers.begin(&id(), "", Stop::new());
        let live = registered.answer();
        live.event("{}");
        assert_eq!(
            live.follow().next().await,
            Some(Part::Event("{}".to_owned())),
            "also for those who join later"
        );
        let asked = live.ask("q");
        assert!(!live.decide("other", true));
        assert!(live.decide("q", true));
        assert!(!live.decide("q", false));
        assert_eq!(asked.await, Ok(true));
        drop(live.ask("gone"));
        assert!(!live.decide("gone", true));
    }

    #[test]
    fn stops_turn_of_a_running_answer() {
        let answers = LiveAnswers::default();
        let stop = Stop::new();
        let _registered = answers.begin(&id(), "", stop.clone());
        answers.find(&id()).unwrap().stop();
        assert!(stop.is_stopped());
    }
}
