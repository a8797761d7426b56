//! An answer as server-sent events, each sent as soon as it is available.

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use clawft_api::Stream as Translator;
use clawft_types::json::Writer;
use futures_util::stream::unfold;
use tokio::time::{Instant, sleep_until};

use super::{
    shape::{Delta, Shape, finish_reason},
    store_outcome::StoreOutcome,
    turn::{Completed, TurnOutput, TurnOutputs},
};
use crate::{
    api_error::ApiError,
    failure, frames,
    proxy::{COMMENT, COMMENTS, Translation},
};

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
    /// The way to the client's dialect, if it is another one.
    translation: Option<(Translation, Translator)>,
    /// The time of the next comment.
    comment: Instant,
    /// Whether the chunk with the role was sent.
    begun: bool,
    ended: bool,
}

impl Events {
    /// Returns the answer that begins with `first`, which is not an error, or with a comment.
    pub(super) fn new(
        first: Option<TurnOutput>,
        outputs: TurnOutputs,
        shape: Shape,
        usage: bool,
        translation: Option<Translation>,
    ) -> Events {
        Events {
            first,
            outputs,
            shape,
            usage,
            translation: translation.map(|translation| {
                let translator = translation.stream();
                (translation, translator)
            }),
            comment: Instant::now(),
            begun: false,
            ended: false,
        }
    }

    /// Returns the response.
    pub(super) fn into_response(self) -> Response {
        let translation = self
            .translation
            .as_ref()
            .map(|(translation, _)| translation.clone());
        let body = frames::body(unfold(self, |mut events| async move {
            let frame = events.frame().await?;
            Some((Ok(frame), events))
        }));
        let mut response = response(body);
        if let Some(translation) = translation {
            translation.add_warnings(response.headers_mut());
        }
        response
    }

    /// Returns the next events, or a comment if there are none for long; `None` at the end.
    async fn frame(&mut self) -> Option<Bytes> {
        while !self.ended {
            let output = match self.first.take() {
                Some(first) => Some(first),
                None => tokio::select! {
                    biased;
                    output = self.outputs.next() => output,
                    () = sleep_until(self.comment) => {
                        self.comment = Instant::now() + COMMENTS;
                        return Some(Bytes::from_static(COMMENT));
                    }
                },
            };
            let mut out = Vec::new();
            self.write(output, &mut out);
            while !self.ended && out.len() < FRAME {
                match self.outputs.next_ready() {
                    None => break,
                    output => self.write(output, &mut out),
                }
            }
            let out = self.translated(out).await;
            if !out.is_empty() {
                self.comment = Instant::now() + COMMENTS;
                return Some(out.into());
            }
        }
        None
    }

    /// Returns events in the client's dialect.
    async fn translated(&mut self, events: Vec<u8>) -> Vec<u8> {
        let Some((translation, translator)) = &mut self.translation else {
            return events;
        };
        let mut out = translator.feed(&events);
        if self.ended {
            out.append(&mut translator.end());
        }
        if translator.is_over() {
            translation.keep_streamed(translator.answer(), &out).await;
        }
        out
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            event(out, &self.shape.chunk(&Delta::Role, self.usage, None));
        }
    }

    /// Adds the events for `output` to `out`.
    fn write(&mut self, output: Option<TurnOutput>, out: &mut Vec<u8>) {
        match output {
            Some(TurnOutput::Text(text)) => {
                self.begin(out);
                event(out, &self.shape.chunk(&Delta::Text(&text), self.usage, None));
            }
            Some(TurnOutput::End(Ok(completed))) => {
                self.begin(out);
                self.end(&completed, out);
            }
            Some(TurnOutput::Reasoning(text)) => {
                self.begin(out);
                event(out, &self.shape.chunk(&Delta::Reasoning(&text), self.usage, None));
            }
            Some(TurnOutput::Event(json)) => {
                self.begin(out);
                event(out, &self.shape.event_chunk(&json));
            }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;
    use weft_agent::Error;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn comments_while_the_model_thinks() {
        let (sender, outputs) = TurnOutputs::of_test();
        let mut events = Events::new(None, outputs, Shape::new("m"), false, None);
        let begun = Instant::now();
        for seconds in [0, 15, 30] {
            assert_eq!(events.frame().await.unwrap(), COMMENT);
            assert_eq!(begun.elapsed(), Duration::from_secs(seconds));
        }
        sender.send(TurnOutput::Text("a".to_owned())).unwrap();
        let text = events.frame().await.unwrap();
        assert!(
            text.starts_with(b"data: {") && text.ends_with(b"\n\n"),
            "{text:?}"
        );
        let silent = timeout(Duration::from_secs(14), events.frame());
        assert!(silent.await.is_err(), "a comment follows the last event");
        assert_eq!(events.frame().await.unwrap(), COMMENT);
        sender.send(TurnOutput::End(Err(Error::other("no")))).unwrap();
        assert!(events.frame().await.unwrap().starts_with(b"data: {\"error\":"));
        assert_eq!(events.frame().await, None);
    }
}
