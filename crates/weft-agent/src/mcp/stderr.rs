//! The end of what a child process writes to its standard error, to explain why it has ended.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The number of bytes that are kept.
const KEPT: usize = 2048;

/// The last bytes that were written.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Reads everything, so that the process is never kept waiting, in a task of its own.
    pub(super) fn of(mut stderr: impl AsyncRead + Unpin + Send + 'static) -> Tail {
        let tail = Tail::default();
        let writer = tail.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                writer.add(buffer.get(..count).unwrap_or_default());
            }
        });
        tail
    }

    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
    }

    /// Returns the last line that is not empty.
    pub(super) fn last_line(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let mut lines = text.lines().rev().map(str::trim);
        lines.find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_line_of_long_output() {
        let tail = Tail::default();
        assert_eq!(tail.last_line(), "");
        for number in 0..1000 {
            tail.add(format!("line {number}\n").as_bytes());
        }
        tail.add(b"  \n\n");
        assert_eq!(tail.last_line(), "line 999");
        tail.add(&[b'x'; 3 * KEPT]);
        assert_eq!(tail.last_line(), "x".repeat(KEPT));
    }
}
