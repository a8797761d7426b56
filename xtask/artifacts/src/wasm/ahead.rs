//! Compiles an artifact while the one before it is shrunk: the compiler's last step, which optimises the whole program,
//! keeps one processor busy and the others idle.

use std::{
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use flags::values::Artifact;

/// An artifact as the compiler left it.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) artifact: Artifact,
    pub(super) bytes: Vec<u8>,
    /// How long the compilation took.
    pub(super) took: Duration,
}

/// Compiles `artifacts` in order, one at a time, on a thread of its own, and calls `finish` with each of them, in the
/// same order, on this one.
///
/// # Errors
/// Fails with the first error of either, in the order of `artifacts`. After an error in `finish`, no further
/// compilation begins.
pub(super) fn each(
    artifacts: &[Artifact],
    compile: impl Fn(Artifact) -> Result<Vec<u8>> + Send,
    mut finish: impl FnMut(Compiled) -> Result<()>,
) -> Result<()> {
    // Without a buffer, the compiler is one artifact ahead.
    let (sender, receiver) = mpsc::sync_channel(0);
    thread::scope(|scope| {
        let compiler = scope.spawn(move || send_all(artifacts, &compile, &sender));
        let finished = receive_all(receiver, &mut finish);
        let sent = compiler.join();
        finished.and_then(|()| sent.map_err(|_| anyhow!("the thread that compiles has panicked")))
    })
}

/// Compiles until there is an error, or nobody waits for the next artifact.
fn send_all(
    artifacts: &[Artifact],
    compile: &impl Fn(Artifact) -> Result<Vec<u8>>,
    sender: &SyncSender<Result<Compiled>>,
) {
    for &artifact in artifacts {
        let started = Instant::now();
        let compiled = compile(artifact).map(|bytes| Compiled {
            artifact,
            bytes,
            took: started.elapsed(),
        });
        let failed = compiled.is_err();
        if sender.send(compiled).is_err() || failed {
            return;
        }
    }
}

/// Finishes what arrives until there is an error, and closes the channel then.
fn receive_all(
    receiver: Receiver<Result<Compiled>>,
    finish: &mut impl FnMut(Compiled) -> Result<()>,
) -> Result<()> {
    for compiled in receiver {
        finish(compiled?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        cell::RefCell,
        sync::{
            Barrier,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use anyhow::{anyhow, bail};

    use super::*;

    #[test]
    fn finishes_artifacts_in_their_order() {
        let finished = RefCell::new(Vec::new());
        let compile = |artifact: Artifact| Ok(artifact.file_name().as_bytes().to_vec());
        each(&Artifact::ALL, compile, |compiled| {
            assert_eq!(compiled.bytes, compiled.artifact.file_name().as_bytes());
            finished.borrow_mut().push(compiled.artifact);
            Ok(())
        })
        .unwrap();
        assert_eq!(finished.into_inner(), Artifact::ALL);
    }

    #[test]
    fn compiles_second_while_first_is_finished() {
        // Both sides wait for each other, which ends only if they run at the same time.
        let meeting = Barrier::new(2);
        let compile = |artifact: Artifact| {
            if artifact == Artifact::ALL[1] {
                meeting.wait();
            }
            Ok(Vec::new())
        };
        each(&Artifact::ALL, compile, |compiled| {
            if compiled.artifact == Artifact::ALL[0] {
                meeting.wait();
            }
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn ends_with_the_first_compilation_that_fails() {
        let compiled = AtomicUsize::new(0);
        let compile = |artifact: Artifact| {
            compiled.fetch_add(1, Ordering::Relaxed);
            if artifact == Artifact::ALL[1] {
                bail!("no such crate");
            }
            Ok(Vec::new())
        };
        let mut finished = 0;
        let ended = each(&Artifact::ALL, compile, |_| {
            finished += 1;
            Ok(())
        });
        assert_eq!(ended.unwrap_err().to_string(), "no such crate");
        assert_eq!((finished, compiled.into_inner()), (1, 2));
    }

    #[test]
    fn begins_no_compilation_after_a_failed_finish() {
        let compiled = AtomicUsize::new(0);
        let compile = |_| {
            compiled.fetch_add(1, Ordering::Relaxed);
            Ok(Vec::new())
        };
        let ended = each(&Artifact::ALL, compile, |_| Err(anyhow!("a key is in it")));
        assert_eq!(ended.unwrap_err().to_string(), "a key is in it");
        assert!(compiled.into_inner() <= 2);
    }
}
