//! The end of what a child process writes to its standard error, to explain why it has ended.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    task::JoinHandle,
    time::timeout,
};

/// The number of bytes that are kept.
const KEPT: usize = 2048;

/// The last bytes that were written.
#[derive(Default)]
pub(super) struct Tail {
    kept: Arc<Mutex<Vec<u8>>>,
    /// The task that reads.
    reader: Option<JoinHandle<()>>,
}

impl Tail {
    /// Reads everything, so that the process is never kept waiting, in a task of its own.
    pub(super) fn of(mut stderr: impl AsyncRead + Unpin + Send + 'static) -> Tail {
        let kept = Arc::default();
        let written = Arc::clone(&kept);
        let reader = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                add(&written, buffer.get(..count).unwrap_or_default());
            }
        });
        Tail {
            kept,
            reader: Some(reader),
        }
    }

    /// Waits until the stream has ended, or for the `longest` time: the process may have left it to another one.
    pub(super) async fn complete(&mut self, longest: Duration) {
        if let Some(reader) = self.reader.take() {
            let _ = timeout(longest, reader).await;
        }
    }

    /// Returns the last line that is not empty.
    pub(super) fn last_line(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let mut lines = text.lines().rev().map(str::trim);
        lines.find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }
}

fn add(kept: &Mutex<Vec<u8>>, bytes: &[u8]) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.extend_from_slice(bytes);
    let excess = kept.len().saturating_sub(KEPT);
    kept.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_line_of_long_output() {
        let tail = Tail::default();
        assert_eq!(tail.last_line(), "");
        for number in 0..1000 {
            add(&tail.kept, format!("line {number}\n").as_bytes());
        }
        add(&tail.kept, b"  \n\n");
        assert_eq!(tail.last_line(), "line 999");
        add(&tail.kept, &[b'x'; 3 * KEPT]);
        assert_eq!(tail.last_line(), "x".repeat(KEPT));
    }
}
