//! A minimal HTTP client, with which a case sees the bytes on the wire, and when they arrive.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// The maximum time to wait for a byte.
const PATIENCE: Duration = Duration::from_secs(30);

/// A response, read up to the end of its head.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Head, with names in lower case.
    pub head: String,
    body: BufReader<TcpStream>,
}

/// Sends `GET path` to the gateway's `address`, with a token if one is given.
pub fn get(address: &str, path: &str, token: Option<&str>) -> Result<Response> {
    let token = authorization(token);
    send(address, &format!("GET {path} HTTP/1.1\r\n{token}"), "")
}

/// Sends `DELETE path` to the gateway's `address`.
pub fn delete(address: &str, path: &str) -> Result<Response> {
    send(address, &format!("DELETE {path} HTTP/1.1\r\n"), "")
}

/// Sends a JSON `body` with `PATCH` to `path`.
pub fn patch(address: &str, path: &str, body: &Value) -> Result<Response> {
    let body = body.to_string();
    send(address, &head_with_body("PATCH", path, "", &body), &body)
}

/// Sends the message `text` to the session `id`, and requests a stream.
pub fn say(address: &str, id: &str, text: &str) -> Result<Response> {
    let body = json!({ "stream": true, "messages": [{ "role": "user", "content": text }] });
    post_json(
        address,
        "/v1/chat/completions",
        &format!("x-clawft-session: {id}\r\n"),
        &body,
    )
}

/// Sends the message `text` to the session `id`, with a key if one is given, and requests a whole answer.
pub fn ask(address: &str, id: &str, text: &str, key: Option<&str>) -> Result<Response> {
    let body = json!({ "messages": [{ "role": "user", "content": text }] });
    post_json(
        address,
        "/v1/chat/completions",
        &format!("x-clawft-session: {id}\r\n{}", authorization(key)),
        &body,
    )
}

/// Sends a request with a JSON `body` and further `headers`, each of which ends with a line end.
pub fn post_json(address: &str, path: &str, headers: &str, body: &Value) -> Result<Response> {
    let body = body.to_string();
    send(address, &post_head(path, headers, &body), &body)
}

/// Sends `body`, which need not be valid JSON, with `POST` to `path`, with a token.
pub fn post(address: &str, path: &str, token: &str, body: &str) -> Result<Response> {
    send(address, &post_head(path, &authorization(Some(token)), body), body)
}

/// Sends `body` as [`post`] does, and reads nothing of the response.
pub fn post_only(address: &str, path: &str, token: &str, body: &str) -> Result<TcpStream> {
    write(address, &post_head(path, &authorization(Some(token)), body), body)
}

fn post_head(path: &str, headers: &str, body: &str) -> String {
    head_with_body("POST", path, headers, body)
}

/// Returns the request line and the headers of a `body` of JSON, and `headers`.
fn head_with_body(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}"
    )
}

fn authorization(token: Option<&str>) -> String {
    token
        .map(|token| format!("authorization: Bearer {token}\r\n"))
        .unwrap_or_default()
}

fn write(address: &str, head: &str, body: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).context("could not connect to the gateway")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("{head}host: {address}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

fn send(address: &str, head: &str, body: &str) -> Result<Response> {
    let stream = write(address, head, body)?;
    let mut body = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        ensure!(
            body.read_line(&mut head)? > 0,
            "the gateway closed the connection: `{head}`"
        );
    }
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .context("no status")?;
    Ok(Response {
        status,
        head: head.to_ascii_lowercase(),
        body,
    })
}

impl Response {
    /// Returns the value of the header `name`, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.trim())
    }

    /// Returns the body as JSON. It has to come with its length.
    pub fn json(mut self) -> Result<Value> {
        let length = self.header("content-length").and_then(|value| value.parse().ok());
        let length: usize = length.context("the response has no length")?;
        let mut bytes = vec![0; length];
        self.body
            .read_exact(&mut bytes)
            .context("the response broke off")?;
        serde_json::from_slice(&bytes).context("the response is not JSON")
    }

    /// Returns the data of the next event; `None` at the end. Lines between events, such as those of chunks, are
    /// skipped.
    pub fn event(&mut self) -> Result<Option<String>> {
        loop {
            let mut line = String::new();
            if self.body.read_line(&mut line).context("the stream broke")? == 0 {
                return Ok(None);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Ok(Some(data.trim_end().to_owned()));
            }
        }
    }

    /// Returns the next delta of text; `None` at the end of the stream.
    pub fn piece(&mut self) -> Result<Option<String>> {
        while let Some(data) = self.event()?.filter(|data| data != "[DONE]") {
            let event: Value = serde_json::from_str(&data).context("an event is not JSON")?;
            ensure!(
                event.get("error").is_none(),
                "the stream contains an error: {event}"
            );
            let piece = event.pointer("/choices/0/delta/content").and_then(Value::as_str);
            if let Some(piece) = piece.filter(|piece| !piece.is_empty()) {
                return Ok(Some(piece.to_owned()));
            }
        }
        Ok(None)
    }

    /// Returns the remaining text of a stream.
    pub fn text(&mut self) -> Result<String> {
        let mut text = String::new();
        while let Some(piece) = self.piece()? {
            text.push_str(&piece);
        }
        Ok(text)
    }

    /// Reads at least `count` more bytes of the body, with what frames them; fewer only at the end. Returns how many.
    pub fn skip(&mut self, count: usize) -> Result<usize> {
        let mut part = vec![0; 16 * 1024];
        let mut read = 0;
        while read < count {
            match self.body.read(&mut part).context("the response broke off")? {
                0 => break,
                more => read += more,
            }
        }
        Ok(read)
    }

    /// Returns the remaining bytes of the response as text.
    pub fn raw(mut self) -> Result<String> {
        let mut text = String::new();
        self.body
            .read_to_string(&mut text)
            .context("the response broke off")?;
        Ok(text)
    }
}
