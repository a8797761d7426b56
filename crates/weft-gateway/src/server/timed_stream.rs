//! The stream between hyper and the socket. It limits the time that writes wait for the client, replaces
//! hyper's own error responses, and continues to read after a refusal so that the client receives it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::{HEAD_BYTES, activity::Activity, raw_response};

/// The longest time that a write may make no progress.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(30);

/// The longest time that the rest of a refused request is read, both in all and without a byte arriving.
/// Closing the connection earlier would reset it, and the client would lose the refusal.
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(30);
pub(crate) const LINGER_PAUSE: Duration = Duration::from_secs(5);

/// The maximum number of bytes of it that are read.
pub(crate) const LINGER_BYTES: usize = 32 << 20;

/// The number of bytes that are read at once.
const DISCARD: usize = 16 * 1024;

/// A byte stream to a client.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes the system discard unsent bytes and reset the connection when this is dropped.
    fn reset_on_drop(&self);
}

impl Transport for TcpStream {
    fn reset_on_drop(&self) {
        // If this fails, the system discards the bytes later.
        let _ = self.set_zero_linger();
    }
}

/// A stream whose writes fail if they make no progress for [`WRITE_TIME`].
pub(super) struct TimedStream<S: Transport> {
    stream: S,
    activity: Arc<Activity>,
    /// Made when it is first needed.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether a write is waiting.
    waiting: bool,
    /// The bytes that were read since the last answer, at most as many as a head may have.
    head: Vec<u8>,
    /// Unsent bytes of the response that replaces one of hyper's.
    replacement: Vec<u8>,
    closing: Closing,
}

/// The state of the shutdown.
enum Closing {
    /// The shutdown has not begun.
    Open,
    /// The sending half is closed.
    HalfClosed,
    /// Bytes that still arrive are discarded: at most `left`, until `end`.
    Lingering { left: usize, end: Instant },
    /// The shutdown is complete.
    Closed,
}

impl<S: Transport> TimedStream<S> {
    /// Wraps `stream` and notes in `activity` when a write waits.
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> TimedStream<S> {
        TimedStream {
            stream,
            activity,
            timer: None,
            waiting: false,
            head: Vec::new(),
            replacement: Vec::new(),
            closing: Closing::Open,
        }
    }

    /// Stores the bytes of a head, because hyper's response to it has no details.
    fn keep_head(&mut self, bytes: &[u8]) {
        if self.activity.is_answering() {
            self.head = Vec::new();
        } else {
            let room = HEAD_BYTES.saturating_sub(self.head.len());
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    /// Returns the result of a write, or an error if it has waited for too long.
    fn timed<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.activity.sent(written.is_ready());
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        let start = !std::mem::replace(&mut self.waiting, true);
        ready!(self.poll_timer(context, start, Instant::now() + WRITE_TIME));
        self.activity.stall();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Polls the timer. If `start`, sets it to `deadline` first.
    fn poll_timer(&mut self, context: &mut Context<'_>, start: bool, deadline: Instant) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if start {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(context)
    }

    /// Writes the response that replaces one of hyper's.
    fn poll_replacement(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.replacement.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(context, &self.replacement);
            let count = ready!(self.timed(context, written))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.replacement.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    /// Discards what the client still sends until it closes the connection.
    fn poll_linger(&mut self, context: &mut Context<'_>, mut left: usize, end: Instant) -> Poll<()> {
        let mut bytes = [0; DISCARD];
        let mut start = false;
        loop {
            self.closing = Closing::Lingering { left, end };
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
            let count = buffer.filled().len();
            match read {
                Poll::Ready(Ok(())) if count > 0 && count <= left => (left, start) = (left - count, true),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    let deadline = end.min(Instant::now() + LINGER_PAUSE);
                    return self.poll_timer(context, start, deadline);
                }
            }
        }
    }
}

impl<S: Transport> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.keep_head(buffer.filled().get(before..).unwrap_or_default());
        read
    }
}

impl<S: Transport> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_replacement(context))?;
        let refusal = if self.activity.is_answering() {
            None
        } else {
            raw_response::find_refusal(bytes)
        };
        let ours = match refusal {
            None => bytes,
            Some(refusal) if refusal.after > 0 => bytes.get(..refusal.after).unwrap_or(bytes),
            Some(refusal) => {
                self.activity.linger();
                self.replacement =
                    raw_response::serialize(raw_response::parser_error(refusal.status, &self.head));
                return Poll::Ready(Ok(bytes.len()));
            }
        };
        let written = Pin::new(&mut self.stream).poll_write(context, ours);
        self.timed(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_replacement(context))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.timed(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.closing {
                Closing::Open => {
                    ready!(self.poll_replacement(context))?;
                    let told = Pin::new(&mut self.stream).poll_shutdown(context);
                    ready!(self.timed(context, told))?;
                    self.closing = Closing::HalfClosed;
                }
                Closing::HalfClosed if !self.activity.lingers() => self.closing = Closing::Closed,
                Closing::HalfClosed => {
                    let now = Instant::now();
                    let left = LINGER_BYTES;
                    let _ = self.poll_timer(context, true, now + LINGER_PAUSE);
                    self.closing = Closing::Lingering {
                        left,
                        end: now + LINGER_TIME,
                    };
                }
                Closing::Lingering { left, end } => {
                    ready!(self.poll_linger(context, left, end));
                    self.closing = Closing::Closed;
                }
                Closing::Closed => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<S: Transport> Drop for TimedStream<S> {
    fn drop(&mut self) {
        if self.activity.is_aborted() {
            self.stream.reset_on_drop();
        }
    }
}
