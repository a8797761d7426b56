//! One request, on a connection that can be reused.

use anyhow::{Context as _, Result, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::events::Events;

/// The destination of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The host and port.
    address: String,
    path: String,
    key: Option<String>,
}

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole answer.
    Whole,
    /// A streamed answer.
    Streamed,
}

/// A connection to a target.
pub(crate) struct Connection<'a> {
    target: &'a Target,
    sender: SendRequest<Full<Bytes>>,
}

impl Target {
    /// Parses `http://HOST:PORT/PATH`; chat completions are at `/chat/completions` below it.
    pub(crate) fn parse(url: &str, key: Option<String>) -> Result<Self> {
        let rest = url
            .strip_prefix("http://")
            .with_context(|| format!("`{url}` is no `http://` URL"))?;
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        ensure!(address.contains(':'), "`{url}` names no port");
        let path = format!("/{}/chat/completions", path.trim_matches('/')).replace("//", "/");
        Ok(Self {
            address: address.to_owned(),
            path,
            key,
        })
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Connection<'_>> {
        let stream = TcpStream::connect(&self.address)
            .await
            .with_context(|| format!("could not connect to `{}`", self.address))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Errors of the connection are reported to the request that waits for an answer.
        tokio::spawn(connection);
        Ok(Connection { target: self, sender })
    }
}

impl Connection<'_> {
    /// Sends a question and waits for the head of the answer, which must be a success.
    pub(crate) async fn ask(&mut self, kind: Kind) -> Result<Incoming> {
        self.sender.ready().await?;
        let response = self.sender.send_request(self.target.request(kind)?).await?;
        let status = response.status();
        let body = response.into_body();
        if !status.is_success() {
            let text = body
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes)
                .unwrap_or_default();
            bail!(
                "status {}: {}",
                status.as_u16(),
                String::from_utf8_lossy(&text).trim()
            );
        }
        Ok(body)
    }

    /// Sends a question, and reads the answer to its end.
    pub(crate) async fn ask_whole(&mut self) -> Result<()> {
        let answer = self.ask(Kind::Whole).await?.collect().await?.to_bytes();
        ensure!(answer.starts_with(b"{"), "the answer is not JSON");
        Ok(())
    }

    /// Requests a stream, and reads it up to its first delta. The caller reads the rest.
    pub(crate) async fn ask_first(&mut self) -> Result<Events> {
        let mut events = Events::new(self.ask(Kind::Streamed).await?);
        while events.text.is_empty() {
            ensure!(events.more().await?, "the stream ended without a piece of text");
        }
        Ok(events)
    }
}

impl Target {
    fn request(&self, kind: Kind) -> Result<Request<Full<Bytes>>> {
        let stream = if kind == Kind::Streamed { "true" } else { "false" };
        let body = format!(
            r#"{{"model":"gpt-4o-mini","stream":{stream},"messages":[{{"role":"user","content":"hello"}}]}}"#
        );
        let mut request = Request::post(&self.path)
            .header(header::HOST, &self.address)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        Ok(request.body(Full::from(body))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_url_with_a_port() {
        let target = Target::parse("http://127.0.0.1:8080/20/0/v1", None).expect("a target");
        assert_eq!(
            (target.address.as_str(), target.path.as_str()),
            ("127.0.0.1:8080", "/20/0/v1/chat/completions")
        );
        assert_eq!(
            Target::parse("http://h:1", None).expect("a target").path,
            "/chat/completions"
        );
        for wrong in ["https://h:1/v1", "h:1", "http://h/v1"] {
            assert!(Target::parse(wrong, None).is_err(), "{wrong}");
        }
    }
}
