//! Reading an HTTP/1.1 request.

use std::io::{self, BufRead, Read as _};

use serde_json::Value;

/// The maximum size of a request body in bytes: far above that of any test.
const MAX_BODY_BYTES: usize = 64 << 20;

/// A complete request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// `POST`, `GET` and so on.
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) path: String,
    /// Names in lower case with their values, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Returns the value of the first header `name`, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns whether the body requests server-sent events.
    pub(crate) fn wants_stream(&self) -> bool {
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        body.is_some_and(|body| body["stream"] == true)
    }

    /// Reads one request; returns `None` if the connection ends before it begins.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let first = line(from)?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(path), Some(_)) = (words.next(), words.next(), words.next()) else {
            return Err(io::Error::other(format!("`{first}` is no request line")));
        };
        let mut request = Self {
            method,
            path,
            headers: headers(from)?,
            body: Vec::new(),
        };
        request.body = match (
            request.header("transfer-encoding"),
            request.header("content-length"),
        ) {
            (Some("chunked"), _) => chunks(from)?,
            (_, Some(length)) => exactly(from, number(length, 10)?)?,
            _ => Vec::new(),
        };
        Ok(Some(request))
    }
}

fn headers(from: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = line(from)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| io::Error::other("a header without `:`"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// Reads a body in chunks, until the empty one; trailers are read and dropped.
fn chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(from)?;
        let size = number(size.split(';').next().unwrap_or_default(), 16)?;
        if size == 0 {
            headers(from)?;
            return Ok(body);
        }
        body.extend(exactly(from, size)?);
        line(from)?;
        if body.len() > MAX_BODY_BYTES {
            return Err(io::Error::other("the body is too large"));
        }
    }
}

fn exactly(from: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    if length > MAX_BODY_BYTES {
        return Err(io::Error::other("the body is too large"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads a line without its end; bytes that are not UTF-8 are replaced.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.by_ref().take(1 << 16).read_until(b'\n', &mut bytes)?;
    Ok(String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned())
}

fn number(text: &str, radix: u32) -> io::Result<usize> {
    usize::from_str_radix(text.trim(), radix).map_err(|_| io::Error::other(format!("`{text}` is no length")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> io::Result<Option<Request>> {
        Request::read(&mut bytes)
    }

    #[test]
    fn reads_bodies_by_length_and_chunks() {
        for head in [
            "Content-Length: 5\r\n\r\nhello",
            "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        ] {
            let bytes = format!("POST /a?b HTTP/1.1\r\nHost: h\r\n{head}");
            let request = read(bytes.as_bytes()).expect("a request").expect("one");
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/a?b"));
            assert_eq!(
                (request.header("host"), request.body.as_slice()),
                (Some("h"), b"hello".as_slice())
            );
        }
    }

    #[test]
    fn invalid_request_is_an_error() {
        assert_eq!(read(b"").expect("an end"), None);
        for bytes in [
            "hello\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx",
        ] {
            assert!(read(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }

    #[test]
    fn body_requests_a_stream() {
        let wants = |body: &str| {
            Request {
                body: body.into(),
                ..Request::default()
            }
            .wants_stream()
        };
        assert!(wants(r#"{"stream":true}"#));
        assert!(!wants(r#"{"stream":false}"#) && !wants("{}") && !wants("{"));
    }
}
