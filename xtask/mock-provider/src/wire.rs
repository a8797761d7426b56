//! Writing to a connection: heads, bodies with a length, bodies in chunks, and the ways in which a connection
//! can end.

use std::{
    io::{self, Write as _},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, SystemTime},
};

use socket2::SockRef;

/// The time before a connection is cut, so that the sent bytes arrive first.
const LINGER: Duration = Duration::from_millis(50);

/// A connection whose request has been read. Dropping it closes it regularly.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
}

impl Wire {
    /// Takes over the connection, and turns off the delay of small packets.
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// Returns the address of this server, as a client knows it: `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> io::Result<String> {
        Ok(self.stream.local_addr()?.to_string())
    }

    /// Sends bytes unchanged.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a head only.
    pub(crate) fn head(&mut self, status: u16, headers: &[(&str, &str)]) -> io::Result<()> {
        self.send(head(status, headers).as_bytes())
    }

    /// Sends a whole answer with its length.
    pub(crate) fn whole(&mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        let length = body.len().to_string();
        let headers = [headers, &[("content-length", length.as_str())]].concat();
        self.send(&[head(status, &headers).as_bytes(), body].concat())
    }

    /// Sends the head of a body in chunks.
    pub(crate) fn chunked(&mut self, content_type: &str) -> io::Result<()> {
        self.head(
            200,
            &[("content-type", content_type), ("transfer-encoding", "chunked")],
        )
    }

    /// Sends one chunk in one write. Sends nothing for no bytes, because an empty chunk is the end.
    pub(crate) fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.send(&[format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())
    }

    /// Sends the last chunk.
    pub(crate) fn last_chunk(&mut self) -> io::Result<()> {
        self.send(b"0\r\n\r\n")
    }

    /// Keeps the connection without sending, until the client closes it.
    pub(crate) fn hold(&mut self) -> io::Result<()> {
        io::copy(&mut self.stream, &mut io::sink()).map(drop)
    }

    /// Closes the connection after a moment, as after a complete answer.
    pub(crate) fn cut(&mut self) -> io::Result<()> {
        thread::sleep(LINGER);
        self.stream.shutdown(Shutdown::Both)
    }

    /// Resets the connection after a moment.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        thread::sleep(LINGER);
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }
}

/// Returns a head with `headers`, and with a date unless they have one. Every connection is for one request.
pub(crate) fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let mut head = format!("HTTP/1.1 {status} {}\r\nconnection: close\r\n", reason(status));
    if headers.iter().all(|(name, _)| *name != "date") {
        head.push_str(&format!(
            "date: {}\r\n",
            httpdate::fmt_http_date(SystemTime::now())
        ));
    }
    headers
        .iter()
        .for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    head + "\r\n"
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        300..400 => "Redirect",
        400..500 => "Client Error",
        500..600 => "Server Error",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_has_exactly_one_date() {
        let with = head(200, &[("date", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        assert_eq!(
            with,
            "HTTP/1.1 200 OK\r\nconnection: close\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        );
        assert_eq!(head(200, &[("a", "b")]).matches("date: ").count(), 1);
    }
}
