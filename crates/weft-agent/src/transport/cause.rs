//! Maps network errors to the component's error messages.
//!
//! Nothing of the request is quoted, neither its URL nor its headers. The message of a reqwest error begins
//! with the URL, so only the messages of its causes are used.

use std::{
    error::Error,
    io::{self, ErrorKind},
};

use clawft_core::TransportError;
use rustls::CertificateError;

use super::proxy;

/// The cause if a proxy wants to know who asks.
pub(super) const PROXY_KEY: &str = "it requires a user and a password";

/// Returns the failure in the turn's terms, which decide about a retry. `begun` tells whether the response
/// had begun.
pub(crate) fn explain(error: &reqwest::Error, begun: bool) -> TransportError {
    if let Some(error) = find::<rustls::Error>(error) {
        return tls(error);
    }
    let cause = message(error);
    TransportError::Unavailable(match () {
        () if begun => format!("the response broke off, {cause}"),
        () if error.is_connect() => match error.url().and_then(proxy::of) {
            Some(proxy) => format!("{proxy}: {}", of_tunnel(&cause)),
            None => cause,
        },
        () => cause,
    })
}

/// Returns the cause in plain words if a proxy made no connection to the server.
fn of_tunnel(cause: &str) -> &str {
    match cause.split_once("tunnel error: ") {
        Some((_, "proxy authorization required")) => PROXY_KEY,
        Some((_, "unsuccessful")) => "it refuses the connection to the server",
        Some((_, other)) => other,
        None => cause,
    }
}

/// Returns a permanent failure: a retry does not make a server trusted.
fn tls(error: &rustls::Error) -> TransportError {
    let message = match error {
        rustls::Error::InvalidCertificate(cause) => {
            let cause = match cause {
                CertificateError::UnknownIssuer => "its issuer is not known".to_owned(),
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "it has expired".to_owned()
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "it is for another name".to_owned()
                }
                other => other.to_string(),
            };
            format!("TLS failed: the server's certificate is not trusted ({cause})")
        }
        rustls::Error::InvalidMessage(_) => "TLS failed: the server does not speak it".to_owned(),
        rustls::Error::AlertReceived(_) => format!("TLS refused by the server ({error})"),
        other => format!("TLS failed ({other})"),
    };
    TransportError::Impossible(message)
}

fn message(error: &reqwest::Error) -> String {
    if error.is_dns() {
        return format!("the host name could not be resolved ({})", innermost(error));
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message) {
        return "the connection was closed".to_owned();
    }
    let known = causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .find_map(known);
    known.map_or_else(|| chain(error), str::to_owned)
}

/// Returns a message that is equal on all systems.
fn known(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Some("connection refused"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Some("the connection was closed")
        }
        ErrorKind::UnexpectedEof => Some("the response is incomplete"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::TimedOut => {
            Some("the server cannot be reached")
        }
        _ => None,
    }
}

/// Returns the messages of all causes, the outermost first: `client error (SendRequest): invalid HTTP version
/// parsed`.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let cause = cause.to_string();
        // Some messages include those of their causes.
        if !text.ends_with(&cause) {
            let separator = if text.is_empty() { "" } else { ": " };
            text.push_str(&[separator, &cause].concat());
        }
    }
    if text.is_empty() {
        "the request failed".to_owned()
    } else {
        text
    }
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Returns the first cause of type `E`.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Returns all causes of `error`, without itself.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'a (dyn Error + 'static)| {
        next_cause(*cause)
    })
}

/// Returns the cause of a cause. `io::Error::source` skips the error inside, which may be another I/O error.
fn next_cause<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => cause.source(),
    }
}
