//! Bodies of responses that are made while they are sent.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes, HttpBody};
use futures_util::Stream;
use http_body::{Frame, SizeHint};

/// Returns the body that consists of `frames`. An error breaks the response off.
pub(crate) fn body(frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    Body::new(Frames {
        frames: Box::pin(frames),
        ended: false,
    })
}

/// A body of frames.
struct Frames<S> {
    frames: Pin<Box<S>>,
    ended: bool,
}

impl<S: Stream<Item = io::Result<Bytes>>> HttpBody for Frames<S> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = ready!(self.frames.as_mut().poll_next(context));
        self.ended = next.is_none();
        Poll::Ready(next.map(|frame| frame.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
