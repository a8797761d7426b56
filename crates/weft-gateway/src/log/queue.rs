//! A bounded queue of log lines, so that logging never waits for the reader of the log.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// The interval at which [`Queue::flush`] checks whether all lines are written.
const POLL: Duration = Duration::from_millis(2);

/// The pause of the writer after a line, in which more lines gather: waking it for each would cost requests time.
const GATHER: Duration = Duration::from_millis(4);

/// The number of bytes from which no more lines are added to one write.
const BATCH: usize = 32 * 1024;

/// A bounded queue of lines that a thread writes. A line for which there is no room is dropped and counted.
pub(super) struct Queue {
    sender: SyncSender<Vec<u8>>,
    counts: Arc<Counts>,
}

/// Numbers of lines.
#[derive(Default)]
struct Counts {
    taken: AtomicU64,
    written: AtomicU64,
    /// Lines that were dropped since the last report.
    unreported: AtomicU64,
}

impl Queue {
    /// Starts a queue of at most `capacity` lines, which are written to `to`. If lines were dropped, `report`
    /// of their number is written after the next line.
    pub(super) fn new(
        capacity: usize,
        to: impl Write + Send + 'static,
        report: impl Fn(u64) -> Vec<u8> + Send + 'static,
    ) -> Queue {
        let (sender, receiver) = sync_channel(capacity);
        let counts = Arc::new(Counts::default());
        let writer = Writer {
            receiver,
            to,
            report,
            counts: Arc::clone(&counts),
        };
        // Without the thread every line is dropped, and counted.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.run());
        Queue { sender, counts }
    }

    /// Adds a line without waiting. Returns false if there is no room for it.
    pub(super) fn push(&self, line: Vec<u8>) -> bool {
        self.counts.taken.fetch_add(1, Ordering::Relaxed);
        let taken = self.sender.try_send(line).is_ok();
        if !taken {
            self.counts.taken.fetch_sub(1, Ordering::Relaxed);
            self.counts.unreported.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Waits until all lines so far are written, for at most `timeout`.
    pub(super) fn flush(&self, timeout: Duration) {
        let taken = self.counts.taken.load(Ordering::Relaxed);
        let began = Instant::now();
        while self.counts.written.load(Ordering::Acquire) < taken && began.elapsed() < timeout {
            thread::sleep(POLL);
        }
    }
}

/// The receiving end of a queue, which writes the lines.
struct Writer<W, R> {
    receiver: Receiver<Vec<u8>>,
    to: W,
    report: R,
    counts: Arc<Counts>,
}

impl<W: Write, R: Fn(u64) -> Vec<u8>> Writer<W, R> {
    /// Writes lines until the queue is dropped. Errors are ignored: there is nowhere to report them.
    fn run(mut self) {
        while let Ok(line) = self.receiver.recv() {
            self.write(&line, 1);
            loop {
                thread::sleep(GATHER);
                let (lines, count) = self.gathered();
                if count == 0 {
                    break;
                }
                self.write(&lines, count);
            }
        }
    }

    /// Returns the lines that wait, as far as they fit into one write, and their number.
    fn gathered(&self) -> (Vec<u8>, u64) {
        let mut lines = Vec::new();
        let mut count = 0;
        while lines.len() < BATCH
            && let Ok(line) = self.receiver.try_recv()
        {
            lines.extend_from_slice(&line);
            count += 1;
        }
        (lines, count)
    }

    /// Writes `count` lines, and the report of those that were dropped.
    fn write(&mut self, lines: &[u8], count: u64) {
        let _ = self.to.write_all(lines);
        let dropped = self.counts.unreported.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let _ = self.to.write_all(&(self.report)(dropped));
        }
        self.counts.written.fetch_add(count, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Mutex, PoisonError,
            mpsc::{Sender, channel},
        },
    };

    use super::*;

    /// The longest time that a test waits; a correct queue needs less.
    const MAX_WAIT: Duration = Duration::from_secs(60);

    /// A reader that takes one line for each permission.
    struct Slow {
        permission: Receiver<()>,
        text: Arc<Mutex<String>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permission.recv().map_err(io::Error::other)?;
            self.text
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&String::from_utf8_lossy(bytes));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn queue(capacity: usize) -> (Queue, Sender<()>, Arc<Mutex<String>>) {
        let (sender, permission) = channel();
        let text = Arc::new(Mutex::new(String::new()));
        let slow = Slow {
            permission,
            text: Arc::clone(&text),
        };
        let report = |dropped| format!("dropped {dropped}\n").into_bytes();
        (Queue::new(capacity, slow, report), sender, text)
    }

    #[test]
    fn blocked_reader_costs_lines_but_no_time() {
        let (queue, permission, text) = queue(2);
        let taken = (0..10)
            .filter(|number| queue.push(format!("{number}\n").into_bytes()))
            .count();
        // The thread may already have taken one line from the queue.
        assert!((2..=3).contains(&taken), "{taken}");
        queue.flush(Duration::from_millis(20));
        assert_eq!(
            *text.lock().unwrap(),
            "",
            "nothing could be written, and nobody waited for it"
        );

        (0..20).for_each(|_| permission.send(()).unwrap());
        queue.flush(MAX_WAIT);
        let text = text.lock().unwrap().clone();
        assert!(
            text.starts_with(&format!("0\ndropped {}\n1\n", 10 - taken)),
            "{text}"
        );
    }

    #[test]
    fn flush_waits_for_all_lines() {
        let (queue, permission, text) = queue(100);
        for number in 0..3 {
            permission.send(()).unwrap();
            assert!(queue.push(format!("{number}\n").into_bytes()));
        }
        queue.flush(MAX_WAIT);
        assert_eq!(*text.lock().unwrap(), "0\n1\n2\n");
    }
}
