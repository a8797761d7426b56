//! The checks of readiness, which all requests share.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// The time for which the result of a check is reused: probes need no token, and must not keep the disk busy.
pub(super) const FRESH: Duration = Duration::from_secs(3);

/// The longest time to wait for a check. `weft status` waits longer for its answer.
pub(super) const CHECK_TIME: Duration = Duration::from_secs(2);

/// The time for which the last result is used while a check takes longer: a slow disk is not a full one.
pub(super) const STALE: Duration = Duration::from_secs(30);

/// The results of a check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Checks {
    /// The configuration can be used.
    pub(super) config: bool,
    /// Sessions can be stored.
    pub(super) sessions: bool,
}

/// The last result and the running check, shared by all requests. At most one check runs. No request holds
/// the mutex while it waits for a check.
#[derive(Default)]
pub(super) struct Readiness(Mutex<Found>);

#[derive(Default)]
struct Found {
    last: Option<(Instant, Checks)>,
    pending: Option<Pending>,
}

/// A running check. It is over when its thread drops the sender.
#[derive(Clone)]
struct Pending {
    deadline: Instant,
    found: watch::Receiver<Checks>,
}

impl Readiness {
    /// Returns the result of `check`, or a recent one. The check runs on a thread of its own, so that it does
    /// not wait for threads that wait for a session's lock.
    pub(super) async fn get(&self, check: impl FnOnce(&watch::Sender<Checks>) + Send + 'static) -> Checks {
        let mut pending = match self.known_or_pending(check) {
            Ok(checks) => return checks,
            Err(pending) => pending,
        };
        let over = timeout_at(pending.deadline, pending.found.wait_for(|_| false))
            .await
            .is_ok();
        let checks = *pending.found.borrow();
        if over {
            self.finish(&pending, checks);
            return checks;
        }
        recent(self.state().last.as_ref(), STALE).unwrap_or(checks)
    }

    /// Returns a recent result, or else the running check, which is started if there is none.
    fn known_or_pending(
        &self,
        check: impl FnOnce(&watch::Sender<Checks>) + Send + 'static,
    ) -> Result<Checks, Pending> {
        let mut state = self.state();
        match recent(state.last.as_ref(), FRESH) {
            Some(checks) => Ok(checks),
            None => Err(state.pending.get_or_insert_with(|| Pending::start(check)).clone()),
        }
    }

    /// Stores the result of a check that is over. All requests that waited for it call this, and the first
    /// one counts.
    fn finish(&self, over: &Pending, checks: Checks) {
        let mut state = self.state();
        if state
            .pending
            .take_if(|pending| pending.found.same_channel(&over.found))
            .is_some()
        {
            state.last = Some((Instant::now(), checks));
        }
    }

    fn state(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn start(check: impl FnOnce(&watch::Sender<Checks>) + Send + 'static) -> Pending {
        let (sender, found) = watch::channel(Checks::default());
        // If no thread can be started, the check ends immediately without a result.
        let _ = thread::Builder::new()
            .name("ready".to_owned())
            .spawn(move || check(&sender));
        Pending {
            deadline: Instant::now() + CHECK_TIME,
            found,
        }
    }
}

fn recent(last: Option<&(Instant, Checks)>, age: Duration) -> Option<Checks> {
    last.filter(|(found, _)| found.elapsed() < age)
        .map(|(_, checks)| *checks)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use tokio::runtime::Builder;

    use super::*;

    const GOOD: Checks = Checks {
        config: true,
        sessions: true,
    };

    /// Returns a check with this immediate result.
    fn finds(checks: Checks) -> impl FnOnce(&watch::Sender<Checks>) {
        move |found| {
            found.send_replace(checks);
        }
    }

    #[tokio::test]
    async fn many_requests_share_one_check() {
        let readiness = Arc::new(Readiness::default());
        let count = Arc::new(AtomicUsize::new(0));
        let asked: Vec<_> = (0..50)
            .map(|_| {
                let (readiness, count) = (Arc::clone(&readiness), Arc::clone(&count));
                tokio::spawn(async move {
                    let check = move |found: &watch::Sender<Checks>| {
                        count.fetch_add(1, Ordering::Relaxed);
                        finds(GOOD)(found);
                    };
                    readiness.get(check).await
                })
            })
            .collect();
        for one in asked {
            assert_eq!(one.await.unwrap(), GOOD);
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert_eq!(readiness.get(finds(Checks::default())).await, GOOD, "it is known");
        age(&readiness, FRESH);
        assert_eq!(
            readiness.get(finds(Checks::default())).await,
            Checks::default(),
            "no more"
        );
    }

    /// Moves the last check into the past.
    fn age(readiness: &Readiness, time: Duration) {
        if let Some((found, _)) = &mut readiness.state().last {
            *found -= time;
        }
    }

    #[tokio::test]
    async fn reads_known_result_while_check_runs() {
        let readiness = Arc::new(Readiness::default());
        let (release, hold) = mpsc::channel::<()>();
        let hang = move |_: &watch::Sender<Checks>| {
            let _ = hold.recv();
        };
        let waits = {
            let readiness = Arc::clone(&readiness);
            tokio::spawn(async move { readiness.get(hang).await })
        };
        tokio::task::yield_now().await;
        readiness.state().last = Some((Instant::now(), GOOD));
        let known = futures_util::FutureExt::now_or_never(readiness.get(finds(Checks::default())));
        assert_eq!(known, Some(GOOD), "without waiting");
        drop(release);
        waits.await.unwrap();
    }

    #[tokio::test]
    async fn hanging_check_delays_nobody() {
        let readiness = Readiness::default();
        assert_eq!(readiness.get(finds(GOOD)).await, GOOD);
        age(&readiness, FRESH);
        let (release, hold) = mpsc::channel::<()>();
        let half = Checks {
            config: true,
            sessions: false,
        };
        let hang = move |found: &watch::Sender<Checks>| {
            found.send_replace(half);
            let _ = hold.recv();
            found.send_replace(Checks::default());
        };
        assert_eq!(readiness.get(hang).await, GOOD, "what was found before");
        age(&readiness, STALE);
        assert_eq!(
            readiness.get(finds(GOOD)).await,
            half,
            "that is too long ago, and no other check is begun"
        );
        release.send(()).unwrap();
        // The thread needs a moment to report its result.
        while readiness.get(finds(GOOD)).await == half {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(readiness.get(finds(GOOD)).await, Checks::default());
    }

    #[test]
    fn check_does_not_wait_for_file_threads() {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let (release, hold) = mpsc::channel::<()>();
        runtime.block_on(async {
            let waiting = tokio::task::spawn_blocking(move || hold.recv());
            assert_eq!(Readiness::default().get(finds(GOOD)).await, GOOD);
            release.send(()).unwrap();
            waiting.await.unwrap().unwrap();
        });
    }
}
