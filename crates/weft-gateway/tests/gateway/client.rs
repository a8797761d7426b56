//! A small HTTP client that shows the bytes on the wire.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// The longest time that an answer may take.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A request before it is sent.
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

/// A response whose body is read while it arrives.
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Request {
        Request {
            head: format!("GET {path} HTTP/1.1\r\n"),
            body: Vec::new(),
        }
    }

    pub(crate) fn options(path: &str) -> Request {
        Request {
            head: format!("OPTIONS {path} HTTP/1.1\r\n"),
            body: Vec::new(),
        }
    }

    pub(crate) fn delete(path: &str) -> Request {
        Request {
            head: format!("DELETE {path} HTTP/1.1\r\n"),
            body: Vec::new(),
        }
    }

    /// Returns `PATCH path` with `body`.
    pub(crate) fn patch(path: &str, body: &Value) -> Request {
        let request = Request::post(path, &body.to_string());
        Request {
            head: request.head.replacen("POST", "PATCH", 1),
            ..request
        }
    }

    /// Returns `POST /v1/chat/completions` with `body`.
    pub(crate) fn chat(body: &Value) -> Request {
        Request::post("/v1/chat/completions", &body.to_string())
    }

    /// Returns `POST path` with a body of JSON.
    pub(crate) fn post(path: &str, body: &str) -> Request {
        Request {
            head: format!("POST {path} HTTP/1.1\r\ncontent-type: application/json\r\n"),
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Request {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn send(self, to: SocketAddr) -> Response {
        let mut stream = TcpStream::connect(to).expect("a gateway that listens");
        stream.set_read_timeout(Some(MAX_WAIT)).expect("a socket");
        let host = if self.head.contains("\r\nhost: ") {
            String::new()
        } else {
            format!("host: {to}\r\n")
        };
        let length = self.body.len();
        let rest = format!("{host}connection: close\r\ncontent-length: {length}\r\n\r\n");
        let request = [self.head.as_bytes(), rest.as_bytes(), &self.body].concat();
        stream.write_all(&request).expect("a request is taken");
        Response::read(stream)
    }
}

impl Response {
    fn read(stream: TcpStream) -> Response {
        let mut reader = BufReader::new(stream);
        let status = line(&mut reader);
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = line(&mut reader);
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        Response {
            status: status.expect("a status line"),
            headers,
            reader,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Reads the rest of the body.
    pub(crate) fn text(mut self) -> String {
        let mut body = Vec::new();
        if self.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk() {
                body.extend(chunk);
            }
        } else {
            self.reader.read_to_end(&mut body).expect("a whole body");
        }
        String::from_utf8(body).expect("text")
    }

    /// Reads the body as JSON.
    pub(crate) fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Reads the next events, as many as arrive in one chunk. Panics if there are no more.
    pub(crate) fn some_events(&mut self) -> String {
        String::from_utf8(self.chunk().expect("an event")).expect("text")
    }

    fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = usize::from_str_radix(&line(&mut self.reader), 16).expect("a chunk's length");
        let mut chunk = vec![0; length];
        self.reader.read_exact(&mut chunk).expect("a chunk");
        line(&mut self.reader);
        (length > 0).then_some(chunk)
    }
}

/// Returns the data of all events in `text`.
pub(crate) fn events(text: &str) -> Vec<&str> {
    text.split_terminator("\n\n")
        .map(|event| event.strip_prefix("data: ").expect("an event of data"))
        .collect()
}

/// Returns the text of the events.
pub(crate) fn said(events: &[&str]) -> String {
    let chunk = |event: &&str| serde_json::from_str::<Value>(event).ok();
    let text = |chunk: Value| {
        chunk["choices"][0]["delta"]["content"]
            .as_str()
            .map(str::to_owned)
    };
    events.iter().filter_map(chunk).filter_map(text).collect()
}

fn line(reader: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}
