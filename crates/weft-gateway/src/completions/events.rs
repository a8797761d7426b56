//! An answer as server-sent events, each sent as soon as it is available.

use super::shape::{Delta, Shape, finish_reason};
use super::store_outcome::StoreOutcome;
use super::turn::{Completed, TurnOutput, TurnOutputs};
use crate::api_error::ApiError;
use crate::failure;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use clawft_types::json::Writer;
use http_body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The maximum number of bytes in one frame, unless an event is larger.
const FRAME: usize = 16 * 1024;

/// The body of a streamed answer.
pub(super) struct Events {
    /// The part that had arrived before the body was begun.
    first: Option<TurnOutput>,
    outputs: TurnOutputs,
    shape: Shape,
    /// Whether the client asked for the usage.
    usage: bool,
    ended: bool,
}

impl Events {
    /// Returns the answer that begins with `first`, which is no error.
    pub(super) fn new(first: TurnOutput, outputs: TurnOutputs, shape: Shape, usage: bool) -> Events {
        Events {
            first: Some(first),
            outputs,
            shape,
            usage,
            ended: false,
        }
    }

    /// Returns the response.
    pub(super) fn into_response(self) -> Response {
        response(Body::new(self))
    }

    /// Adds the events for `output` to `out`.
    fn write(&mut self, output: Option<TurnOutput>, out: &mut Vec<u8>) {
        match output {
            Some(TurnOutput::Text(text)) => {
                event(out, &self.shape.chunk(&Delta::Text(&text), self.usage, None))
            }
            Some(TurnOutput::Reasoning(text)) => {
                event(out, &self.shape.chunk(&Delta::Reasoning(&text), self.usage, None));
            }
            Some(TurnOutput::End(Ok(completed))) => self.end(&completed, out),
            Some(TurnOutput::End(Err(error))) => self.fail(&failure::api_error(&error), None, out),
            None => self.fail(&failure::lost(), None, out),
        }
    }

    fn end(&mut self, Completed { answer, stored }: &Completed, out: &mut Vec<u8>) {
        let (shape, usage) = (&self.shape, self.usage);
        if !answer.shown {
            event(out, &shape.chunk(&Delta::Text(&answer.text), usage, None));
        }
        if let Some(cause) = &answer.incomplete {
            return self.fail(&failure::incomplete(cause), *stored, out);
        }
        event(
            out,
            &shape.chunk(&Delta::Finish(finish_reason(answer)), usage, *stored),
        );
        if let Some(usage) = answer.usage.as_ref().filter(|_| usage) {
            event(out, &shape.usage_chunk(usage, *stored));
        }
        event(out, b"[DONE]");
        self.ended = true;
    }

    /// Ends without `[DONE]`, so that a client that overlooks the error notices a missing end.
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

    /// Adds all events that are available to `out`. Returns whether there were any.
    fn gather(&mut self, context: &mut Context<'_>, out: &mut Vec<u8>) -> bool {
        if let Some(first) = self.first.take() {
            event(out, &self.shape.chunk(&Delta::Role, self.usage, None));
            self.write(Some(first), out);
        }
        while !self.ended && out.len() < FRAME {
            match self.outputs.poll_next(context) {
                Poll::Ready(output) => self.write(output, out),
                Poll::Pending => break,
            }
        }
        !out.is_empty()
    }
}

/// Returns a response with events.
pub(super) fn response(events: Body) -> Response {
    let mut response = Response::new(events);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        // Keeps nginx from buffering the stream.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Writes one event. JSON has no line breaks, so it takes one line.
pub(super) fn event(out: &mut Vec<u8>, data: &[u8]) {
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
