//! `weft status`: whether the gateway is ready, for people and for the health check of a container.
//!
//! It uses a plain socket, because the gateway is on this machine: that takes a few milliseconds, and no HTTP
//! client.

use std::{
    env,
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use clawft_types::json::Writer;
use weft_agent::{ConfigFile, Error, Fault, Home};
use weft_gateway::Settings;

use super::{
    args::Status,
    exit::Exit,
    terminal::{print, print_error},
};

/// The timeout of each step.
const STEP_TIMEOUT: Duration = Duration::from_secs(3);

/// The maximum number of bytes of a response that are read.
const MAX_RESPONSE: u64 = 64 * 1024;

/// The state of the gateway.
enum Health {
    Ready,
    /// Holds the gateway's answer.
    NotReady(String),
    /// Holds the reason.
    Unreachable(String),
}

impl Status {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let address = reachable(self.address(home)?);
        let health = match ask(address, "/readyz") {
            Ok((200, body)) if is_ready(&body) => Health::Ready,
            Ok((200, _)) => Health::Unreachable("what answers is another program".to_owned()),
            Ok((status, body)) => Health::NotReady(format!("it answered {status}: {}", body.trim())),
            Err(error) => Health::Unreachable(error.to_string()),
        };
        if self.json {
            print_json(address, &health)?
        } else {
            say(address, &health)?
        }
        Ok(if matches!(health, Health::Ready) {
            Exit::Success
        } else {
            Exit::Failure
        })
    }

    /// Returns the gateway's address. The configuration file may be missing, because the gateway may have
    /// been started with another one.
    fn address(&self, home: &Home) -> Result<SocketAddr, Error> {
        if let Some(address) = self.listen {
            return Ok(address);
        }
        let file = match ConfigFile::read(home) {
            Err(Error {
                fault: Fault::NoConfig { .. },
            }) => None,
            file => Some(file?),
        };
        Ok(Settings::read(file.as_ref(), &|name| env::var(name).ok(), None)?.listen)
    }
}

/// Returns the address to connect to: loopback if the gateway listens on all addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn say(address: SocketAddr, health: &Health) -> Result<(), Error> {
    match health {
        Health::Ready => return print(&format!("the gateway at {address} is ready\n")),
        Health::NotReady(said) => {
            print_error(&Error::other(format!(
                "the gateway at {address} is not ready, {said}"
            )));
        }
        Health::Unreachable(cause) => {
            let start = "start it with `weft gateway`, or give its address with `--listen`";
            print_error(&Error::other(format!(
                "no gateway answers at {address}: {cause}, {start}"
            )));
        }
    }
    Ok(())
}

fn print_json(address: SocketAddr, health: &Health) -> Result<(), Error> {
    let (status, cause) = match health {
        Health::Ready => ("ready", None),
        Health::NotReady(said) => ("not ready", Some(said)),
        Health::Unreachable(cause) => ("unreachable", Some(cause)),
    };
    let mut writer = Writer::default();
    writer.object(|object| {
        object.text_member("address", &address.to_string());
        object.text_member("status", status);
        if let Some(cause) = cause {
            object.text_member("cause", cause);
        }
    });
    super::print_line(writer)
}

/// Returns the status and the body of the response for `path`.
fn ask(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, STEP_TIMEOUT).map_err(normalized)?;
    stream.set_read_timeout(Some(STEP_TIMEOUT))?;
    stream.set_write_timeout(Some(STEP_TIMEOUT))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(normalized)?;
    let mut response = Vec::new();
    stream
        .take(MAX_RESPONSE)
        .read_to_end(&mut response)
        .map_err(normalized)?;
    parse(&String::from_utf8_lossy(&response)).ok_or_else(|| io::Error::other("the response is not HTTP"))
}

/// Returns whether the body of a response is that of a gateway. A proxy may have cut it into chunks.
fn is_ready(body: &str) -> bool {
    body.contains(r#""status":"ready""#)
}

fn parse(response: &str) -> Option<(u16, String)> {
    let status = response.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let (_, body) = response.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}

/// Returns the error with a message that is equal on all systems.
fn normalized(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => io::Error::other("connection refused"),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            io::Error::other(format!("no answer within {} s", STEP_TIMEOUT.as_secs()))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_unspecified_address_on_loopback() {
        for (listens, asked) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("127.0.0.1:80", "127.0.0.1:80"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }

    #[test]
    fn parses_status_and_body() {
        assert_eq!(
            parse("HTTP/1.1 503 x\r\na: b\r\n\r\nbody"),
            Some((503, "body".to_owned()))
        );
        for odd in [
            "",
            "HTTP/1.1 ",
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 2ü0 \r\n\r\n",
        ] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }
}
