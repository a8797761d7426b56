//! The socket beneath a connection: bytes that the client does not take are not waited for without end, and what hyper refuses by
//! itself is said in our words.

use super::activity::Activity;
use super::canned;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a client may take nothing of what it is sent.
pub(in crate::gateway) const WRITE_TIME: Duration = Duration::from_secs(30);

/// How long a client that was refused may send what nobody wants, in all and without a byte. A connection that is closed while it
/// does is reset, and the refusal is lost.
pub(in crate::gateway) const LINGER_TIME: Duration = Duration::from_secs(30);
pub(in crate::gateway) const LINGER_PAUSE: Duration = Duration::from_secs(5);

/// How many bytes it may send.
pub(in crate::gateway) const LINGER_BYTES: usize = 32 << 20;

/// How many of them are read at once.
const DISCARD: usize = 16 * 1024;

/// What carries a connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Has the system forget what was not sent yet when this is dropped.
    fn forget(&self);
}

impl Stream for TcpStream {
    fn forget(&self) {
        // Where that cannot be set, the system gives up by itself, only later.
        let _ = self.set_zero_linger();
    }
}

/// A stream with a limit of time for what is written.
pub(super) struct Guarded<S: Stream> {
    stream: S,
    activity: Arc<Activity>,
    /// When the client has taken nothing for too long. Made when it is needed first.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the timer runs.
    waiting: bool,
    /// What is said in place of a refusal of hyper's, as far as it is not sent yet.
    instead: Vec<u8>,
    closing: Closing,
}

/// How far the connection's end has come.
enum Closing {
    /// Not begun.
    Open,
    /// The client knows that nothing more comes.
    Told,
    /// What it still sends is thrown away.
    Lingering { left: usize, end: Instant },
    /// Over.
    Closed,
}

impl<S: Stream> Guarded<S> {
    /// Guards `stream`, and notes in `activity` what it waits for.
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Guarded<S> {
        let (instead, closing) = (Vec::new(), Closing::Open);
        Guarded { stream, activity, timer: None, waiting: false, instead, closing }
    }

    /// Passes on what came of writing, and ends the wait for a client that takes nothing.
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

    /// Waits for the timer, which is set to `deadline` if it shall `start`.
    fn poll_timer(&mut self, context: &mut Context<'_>, start: bool, deadline: Instant) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if start {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(context)
    }

    /// Writes what is said in place of hyper's refusal.
    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(context, &self.instead);
            let count = ready!(self.timed(context, written))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    /// Throws away what the client still sends, until it has noticed the end.
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

impl<S: Stream> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Stream> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        let refusal = if self.activity.is_answering() { None } else { canned::refusal(bytes) };
        let ours = match refusal {
            None => bytes,
            Some(refusal) if refusal.after > 0 => bytes.get(..refusal.after).unwrap_or(bytes),
            Some(refusal) => {
                self.activity.linger();
                self.instead = canned::response(canned::error(refusal.status));
                return Poll::Ready(Ok(bytes.len()));
            }
        };
        let written = Pin::new(&mut self.stream).poll_write(context, ours);
        self.timed(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.timed(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.closing {
                Closing::Open => {
                    ready!(self.poll_instead(context))?;
                    let told = Pin::new(&mut self.stream).poll_shutdown(context);
                    ready!(self.timed(context, told))?;
                    self.closing = Closing::Told;
                }
                Closing::Told if !self.activity.lingers() => self.closing = Closing::Closed,
                Closing::Told => {
                    let (now, left) = (Instant::now(), LINGER_BYTES);
                    let _ = self.poll_timer(context, true, now + LINGER_PAUSE);
                    self.closing = Closing::Lingering { left, end: now + LINGER_TIME };
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

impl<S: Stream> Drop for Guarded<S> {
    fn drop(&mut self) {
        if self.activity.is_aborted() {
            self.stream.forget();
        }
    }
}
