//! The provider. The path selects the answer, and the request is ignored:
//! `/PIECES/MILLIS/v1/chat/completions` is a stream of PIECES deltas, MILLIS milliseconds apart. Without a pause all of
//! them come at once, and with `/PIECES/0/1/…` each in a chunk of its own.

use std::{
    convert::Infallible,
    io::{self, Write as _},
    net::Ipv4Addr,
    pin::Pin,
    process,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use anyhow::Result;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Request, Response,
    body::{Body, Bytes, Frame, Incoming},
    header::CONTENT_TYPE,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, Sleep, sleep_until},
};

/// The text of a delta.
const PIECE: &str = "tick ";

/// Returns the text of an answer of this number of deltas.
pub(crate) fn text(pieces: usize) -> String {
    PIECE.repeat(pieces)
}

/// Serves on a free port of loopback, which is printed as a URL, until standard input ends.
pub(crate) async fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}", listener.local_addr()?);
    io::stdout().flush()?;
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(stream));
    }
}

async fn converse(stream: TcpStream) {
    // Without it the connection is only slower.
    let _ = stream.set_nodelay(true);
    // A client that disconnects is not an error of the server.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Either<Full<Bytes>, Ticks>>, Infallible> {
    let mut numbers = request.uri().path().split('/').skip(1).map(str::parse::<u64>);
    let mut number = || numbers.next().and_then(Result::ok);
    let (pieces, millis) = (number().unwrap_or(1), number().unwrap_or(0));
    let apart = number().is_some();
    let asked = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let streamed =
        asked.is_ok_and(|body| contains(&body, b"\"stream\":true") || contains(&body, b"\"stream\": true"));
    let (kind, body) = if streamed {
        (
            "text/event-stream",
            Either::Right(Ticks::new(pieces, Duration::from_millis(millis), apart)),
        )
    } else {
        ("application/json", Either::Left(Full::from(whole(pieces))))
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, header_value(kind));
    Ok(response)
}

fn header_value(text: &'static str) -> hyper::header::HeaderValue {
    hyper::header::HeaderValue::from_static(text)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

fn whole(pieces: u64) -> String {
    let text = text(usize::try_from(pieces).unwrap_or(1));
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":1,"completion_tokens":{pieces},"total_tokens":{pieces}}}}}"#
    )
}

/// The body of a streamed answer.
struct Ticks {
    left: u64,
    pause: Duration,
    /// Whether each delta is sent apart from the others.
    apart: bool,
    next: Pin<Box<Sleep>>,
    ended: bool,
}

impl Ticks {
    fn new(pieces: u64, pause: Duration, apart: bool) -> Self {
        Self {
            left: pieces,
            pause,
            apart,
            next: Box::pin(sleep_until(Instant::now())),
            ended: false,
        }
    }

    /// Returns the next events; the closing ones come with the last delta.
    fn events(&mut self) -> String {
        let mut events = String::new();
        let now = if self.pause.is_zero() && !self.apart {
            self.left
        } else {
            self.left.min(1)
        };
        for _ in 0..now {
            events.push_str(&chunk(&format!(r#"{{"content":"{PIECE}"}}"#), "null"));
        }
        self.left -= now;
        if self.left == 0 {
            events.push_str(&chunk("{}", "\"stop\""));
            events.push_str("data: [DONE]\n\n");
            self.ended = true;
        }
        events
    }
}

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\
         \"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    )
}

impl Body for Ticks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if !self.pause.is_zero() {
            std::task::ready!(self.next.as_mut().poll(context));
            let next = self.next.deadline() + self.pause;
            self.next.as_mut().reset(next);
        }
        Poll::Ready(Some(Ok(Frame::data(self.events().into()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_has_its_pieces_and_an_end() {
        for pause in [0, 1] {
            let body = Ticks::new(3, Duration::from_millis(pause), false)
                .collect()
                .await
                .expect("a body")
                .to_bytes();
            let text = String::from_utf8_lossy(&body);
            assert_eq!(text.matches(PIECE).count(), 3);
            assert!(text.ends_with("data: [DONE]\n\n"));
        }
    }

    #[test]
    fn a_whole_answer_is_json() {
        let answer: serde_json::Value = serde_json::from_str(&whole(2)).expect("JSON");
        assert_eq!(answer["choices"][0]["message"]["content"], "tick tick ");
    }
}
