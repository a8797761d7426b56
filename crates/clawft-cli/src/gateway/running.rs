//! The turns that are being made, by session: who deletes a session deletes what is about to be stored there as well.
//!
//! A turn stores under its session's mutex, and so does a deletion remove the file and mark the turns. A turn that is marked stores
//! nothing, also one whose session had no file yet.

use crate::error::Error;
use clawft_types::SessionId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Why a turn of a deleted session is not stored, in the store's words.
pub(super) const DELETED: &str = "the session was deleted meanwhile";

/// The turns that are being made.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<BTreeMap<SessionId, Conversation>>>);

/// What goes on in one session.
#[derive(Default)]
struct Conversation {
    storing: Arc<AsyncMutex<()>>,
    /// Whether each turn's session was deleted.
    turns: Vec<Arc<AtomicBool>>,
    /// How many deletions are at it.
    deletions: usize,
}

/// A turn, until it is dropped.
pub(super) struct Turn {
    running: Running,
    id: SessionId,
    storing: Arc<AsyncMutex<()>>,
    deleted: Arc<AtomicBool>,
}

/// A deletion, until it is dropped.
pub(super) struct Deletion {
    running: Running,
    id: SessionId,
    storing: Option<OwnedMutexGuard<()>>,
}

impl Running {
    /// A turn of the session `id` begins.
    pub(super) fn begin(&self, id: &SessionId) -> Turn {
        let (deleted, mut table) = (Arc::new(AtomicBool::new(false)), self.table());
        let conversation = table.entry(id.clone()).or_default();
        conversation.turns.push(Arc::clone(&deleted));
        Turn { running: self.clone(), id: id.clone(), storing: Arc::clone(&conversation.storing), deleted }
    }

    /// Waits until no turn of the session `id` is being stored. None is for as long as what is returned exists.
    pub(super) async fn delete(&self, id: &SessionId) -> Deletion {
        let storing = {
            let mut table = self.table();
            let conversation = table.entry(id.clone()).or_default();
            conversation.deletions += 1;
            Arc::clone(&conversation.storing)
        };
        let mut deletion = Deletion { running: self.clone(), id: id.clone(), storing: None };
        deletion.storing = Some(storing.lock_owned().await);
        deletion
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<SessionId, Conversation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what goes on in the session `id`, and forgets it if that is nothing.
    fn change(&self, id: &SessionId, change: impl FnOnce(&mut Conversation)) {
        let mut table = self.table();
        let Some(conversation) = table.get_mut(id) else { return };
        change(conversation);
        if conversation.turns.is_empty() && conversation.deletions == 0 {
            table.remove(id);
        }
    }
}

impl Turn {
    /// Waits until the turn may be stored. While what is returned exists, the session is not deleted.
    ///
    /// # Errors
    /// If the session was deleted.
    pub(super) async fn may_store(&self) -> Result<OwnedMutexGuard<()>, Error> {
        let guard = Arc::clone(&self.storing).lock_owned().await;
        if self.deleted.load(Ordering::Relaxed) { Err(Error::other(DELETED)) } else { Ok(guard) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.change(&self.id, |conversation| {
            conversation.turns.retain(|turn| !Arc::ptr_eq(turn, &self.deleted));
        });
    }
}

impl Deletion {
    /// Keeps the turns that are being made from being stored. Returns whether there are any.
    pub(super) fn mark(&self) -> bool {
        let table = self.running.table();
        let turns = table.get(&self.id).map_or(&[][..], |conversation| &conversation.turns);
        turns.iter().for_each(|turn| turn.store(true, Ordering::Relaxed));
        !turns.is_empty()
    }
}

impl Drop for Deletion {
    fn drop(&mut self) {
        self.storing = None;
        self.running.change(&self.id, |conversation| conversation.deletions -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    fn id(text: &str) -> SessionId {
        text.parse().unwrap()
    }

    fn refused(may_store: Result<OwnedMutexGuard<()>, Error>) -> bool {
        may_store.is_err_and(|error| error.to_string() == DELETED)
    }

    #[tokio::test]
    async fn a_turn_of_a_deleted_session_is_not_stored() {
        let running = Running::default();
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
    async fn nothing_is_deleted_while_a_turn_is_stored_nor_the_other_way_round() {
        let second = Duration::from_secs(1);
        let running = Running::default();
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
        assert!(running.table().is_empty(), "also after deletions that were given up");
    }

    #[tokio::test]
    async fn without_a_turn_there_is_nothing_to_mark() {
        let running = Running::default();
        drop(running.begin(&id("a")));
        assert!(!running.delete(&id("a")).await.mark());
        assert!(running.table().is_empty());
    }
}
