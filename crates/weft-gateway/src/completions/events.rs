//! An answer as server-sent events, each sent as soon as it is there.

use super::failure;
use super::shape::{Delta, Shape, finish_reason};
use super::store_outcome::StoreOutcome;
use super::turn::{Made, Piece, Pieces};
use crate::api_error::ApiError;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use clawft_types::json::Writer;
use http_body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// As many bytes as are sent at once, if as many are there.
const FRAME: usize = 16 * 1024;

/// The body of a streamed answer.
pub(super) struct Events {
    /// What had come before the body was begun.
    first: Option<Piece>,
    pieces: Pieces,
    shape: Shape,
    /// Whether the client wants to know the usage.
    usage: bool,
    ended: bool,
}

impl Events {
    /// The answer that begins with `first`, which is no error.
    pub(super) fn new(first: Piece, pieces: Pieces, shape: Shape, usage: bool) -> Events {
        Events { first: Some(first), pieces, shape, usage, ended: false }
    }

    /// The response.
    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::new(self));
        for (name, value) in [
            (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            // nginx would gather what is to be seen at once.
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// Adds the events of `piece` to `out`.
    fn write(&mut self, piece: Option<Piece>, out: &mut Vec<u8>) {
        match piece {
            Some(Piece::Text(text)) => event(out, &self.shape.chunk(&Delta::Text(&text), self.usage, None)),
            Some(Piece::End(Ok(made))) => self.end(&made, out),
            Some(Piece::End(Err(error))) => self.fail(&failure::api_error(&error), None, out),
            None => self.fail(&failure::lost(), None, out),
        }
    }

    fn end(&mut self, Made { answer, stored }: &Made, out: &mut Vec<u8>) {
        let (shape, usage) = (&self.shape, self.usage);
        if !answer.shown {
            event(out, &shape.chunk(&Delta::Text(&answer.text), usage, None));
        }
        if let Some(cause) = &answer.incomplete {
            return self.fail(&failure::incomplete(cause), *stored, out);
        }
        event(out, &shape.chunk(&Delta::Finish(finish_reason(answer)), usage, *stored));
        if let Some(usage) = answer.usage.as_ref().filter(|_| usage) {
            event(out, &shape.usage_chunk(usage, *stored));
        }
        event(out, b"[DONE]");
        self.ended = true;
    }

    /// Ends without `[DONE]`: a client that overlooks the error notices that something is missing.
    fn fail(&mut self, error: &ApiError, stored: Option<StoreOutcome>, out: &mut Vec<u8>) {
        let mut writer = Writer::default();
        writer.object(|body| {
            error.write(body);
            if let Some(stored) = stored {
                stored.write(body);
            }
        });
        event(out, &writer.into_bytes());
        self.ended = true;
    }

    /// Adds everything that is there already; whether anything is.
    fn gather(&mut self, context: &mut Context<'_>, out: &mut Vec<u8>) -> bool {
        if let Some(first) = self.first.take() {
            event(out, &self.shape.chunk(&Delta::Role, self.usage, None));
            self.write(Some(first), out);
        }
        while !self.ended && out.len() < FRAME {
            match self.pieces.poll_next(context) {
                Poll::Ready(piece) => self.write(piece, out),
                Poll::Pending => break,
            }
        }
        !out.is_empty()
    }
}

/// One event. JSON has no line breaks, so it is one line.
fn event(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let mut out = Vec::new();
        match self.gather(context, &mut out) {
            true => Poll::Ready(Some(Ok(Frame::data(out.into())))),
            false => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
