//! The turns that are running, by session, so that deleting a session also keeps them from being stored.
//!
//! A turn that is stored and a deletion both hold the session's mutex. The deletion removes the file and
//! marks the running turns; a marked turn is not stored, even if its session has no file yet.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use clawft_types::SessionId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use weft_agent::{Error, Fault};

/// The turns that are running.
#[derive(Clone, Default)]
pub(super) struct RunningTurns(Arc<Mutex<BTreeMap<SessionId, Conversation>>>);

/// The turns and deletions of one session.
#[derive(Default)]
struct Conversation {
    storing: Arc<AsyncMutex<()>>,
    /// For each turn, whether its session was deleted.
    turns: Vec<Arc<AtomicBool>>,
    /// The number of deletions.
    deletions: usize,
}

/// A registered turn. It is removed when this is dropped.
pub(super) struct RunningTurn {
    running: RunningTurns,
    id: SessionId,
    storing: Arc<AsyncMutex<()>>,
    deleted: Arc<AtomicBool>,
}

/// A deletion that holds the session's mutex until it is dropped.
pub(super) struct Deletion {
    running: RunningTurns,
    id: SessionId,
    storing: Option<OwnedMutexGuard<()>>,
}

impl RunningTurns {
    /// Registers a turn of the session `id`.
    pub(super) fn begin(&self, id: &SessionId) -> RunningTurn {
        let deleted = Arc::new(AtomicBool::new(false));
        let mut table = self.table();
        let conversation = table.entry(id.clone()).or_default();
        conversation.turns.push(Arc::clone(&deleted));
        RunningTurn {
            running: self.clone(),
            id: id.clone(),
            storing: Arc::clone(&conversation.storing),
            deleted,
        }
    }

    /// Begins a deletion of the session `id`: waits for a turn that is being stored, and keeps others from it.
    pub(super) async fn delete(&self, id: &SessionId) -> Deletion {
        let storing = {
            let mut table = self.table();
            let conversation = table.entry(id.clone()).or_default();
            conversation.deletions += 1;
            Arc::clone(&conversation.storing)
        };
        let mut deletion = Deletion {
            running: self.clone(),
            id: id.clone(),
            storing: None,
        };
        deletion.storing = Some(storing.lock_owned().await);
        deletion
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<SessionId, Conversation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the entry of the session `id`, and removes it if it is empty.
    fn change(&self, id: &SessionId, change: impl FnOnce(&mut Conversation)) {
        let mut table = self.table();
        let Some(conversation) = table.get_mut(id) else {
            return;
        };
        change(conversation);
        if conversation.turns.is_empty() && conversation.deletions == 0 {
            table.remove(id);
        }
    }
}

impl RunningTurn {
    /// Waits for the session's mutex, so that the turn can be stored.
    ///
    /// # Errors
    /// If the session was deleted.
    pub(super) async fn may_store(&self) -> Result<OwnedMutexGuard<()>, Error> {
        let guard = Arc::clone(&self.storing).lock_owned().await;
        if self.deleted.load(Ordering::Relaxed) {
            Err(Fault::Deleted.into())
        } else {
            Ok(guard)
        }
    }
}

impl Drop for RunningTurn {
    fn drop(&mut self) {
        self.running.change(&self.id, |conversation| {
            conversation
                .turns
                .retain(|turn| !Arc::ptr_eq(turn, &self.deleted));
        });
    }
}

impl Deletion {
    /// Marks the running turns of the session as deleted. Returns whether there are any.
    pub(super) fn mark(&self) -> bool {
        let table = self.running.table();
        let turns = table
            .get(&self.id)
            .map_or(&[][..], |conversation| &conversation.turns);
        turns.iter().for_each(|turn| turn.store(true, Ordering::Relaxed));
        !turns.is_empty()
    }
}

impl Drop for Deletion {
    fn drop(&mut self) {
        self.storing = None;
        self.running
            .change(&self.id, |conversation| conversation.deletions -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn id(text: &str) -> SessionId {
        text.parse().unwrap()
    }

    fn refused(may_store: Result<OwnedMutexGuard<()>, Error>) -> bool {
        may_store.is_err_and(|error| matches!(error.fault, Fault::Deleted))
    }

    #[tokio::test]
    async fn does_not_store_turn_of_deleted_session() {
        let running = RunningTurns::default();
        let [one, two, other] = ["a", "a", "b"].map(|name| running.begin(&id(name)));
        let deletion = running.delete(&id("a")).await;
        assert!(deletion.mark());
        drop(deletion);
        assert!(refused(one.may_store().await) && refused(two.may_store().await));
        assert!(other.may_store().await.is_ok());
        let next = running.begin(&id("a"));
        assert!(next.may_store().await.is_ok(), "it began after the deletion");
        drop((one, two, other, next));
        assert!(running.table().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn deleting_and_storing_exclude_each_other() {
        let second = Duration::from_secs(1);
        let running = RunningTurns::default();
        let turn = running.begin(&id("a"));
        let stored = turn.may_store().await.unwrap();
        assert!(timeout(second, running.delete(&id("a"))).await.is_err());
        assert!(timeout(second, running.delete(&id("b"))).await.is_ok());
        drop(stored);
        let deletion = running.delete(&id("a")).await;
        assert!(timeout(second, turn.may_store()).await.is_err());
        assert!(deletion.mark());
        drop(deletion);
        assert!(refused(turn.may_store().await));
        drop(turn);
        assert!(
            running.table().is_empty(),
            "also after deletions that were given up"
        );
    }

    #[tokio::test]
    async fn nothing_to_mark_without_turns() {
        let running = RunningTurns::default();
        drop(running.begin(&id("a")));
        assert!(!running.delete(&id("a")).await.mark());
        assert!(running.table().is_empty());
    }
}
