//! The exchanges of a turn with the provider, made natively: a connection, a request, a response, and nothing else.
//! No client is faster, so the share of the guest is not understated.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

/// A request, ready to be sent.
pub(super) struct Exchange {
    /// Host and port.
    address: String,
    request: Vec<u8>,
}

impl Exchange {
    /// Prepares a request with `message` at `api_base`.
    pub(super) fn new(api_base: &str, message: &str) -> Result<Self> {
        let (address, path) = api_base
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .with_context(|| format!("`{api_base}` is not an `http://` URL with a path"))?;
        let body = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": message }] });
        Ok(Self::with_body(
            address,
            &format!("/{path}/chat/completions"),
            &body.to_string(),
        ))
    }

    /// Prepares a request with `body` to a path at `address`.
    pub(super) fn with_body(address: &str, path: &str, body: &str) -> Self {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer not-a-key\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        Self {
            address: address.to_owned(),
            request: request.into_bytes(),
        }
    }

    /// Makes the exchange, and returns the time that it took.
    pub(super) fn take(&self) -> Result<Duration> {
        let start = Instant::now();
        let answer = self
            .answer()
            .with_context(|| format!("could not send a request to `{}`", self.address))?;
        let took = start.elapsed();
        ensure!(
            answer.starts_with(b"HTTP/1.1 200"),
            "the provider did not answer with the status 200"
        );
        Ok(took)
    }

    fn answer(&self) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.write_all(&self.request)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn sends_one_request_and_reads_response() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let exchange = Exchange::new(
            &format!("http://{}/1/0/v1", server.local_addr().unwrap()),
            "hello",
        )
        .unwrap();
        let expected = exchange.request.len();
        let serving = thread::spawn(move || {
            let (mut client, _) = server.accept().unwrap();
            let mut request = vec![0; expected];
            client.read_exact(&mut request).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n{}").unwrap();
            String::from_utf8(request).unwrap()
        });
        exchange.take().unwrap();
        let request = serving.join().unwrap();
        assert!(
            request.starts_with("POST /1/0/v1/chat/completions HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.ends_with(r#"{"messages":[{"content":"hello","role":"user"}],"model":"gpt-4o-mini"}"#)
        );
    }
}
