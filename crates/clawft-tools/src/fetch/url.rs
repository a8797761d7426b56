//! URLs, read strictly: no two programs may understand the host of an accepted one differently.

use alloc::string::String;
use core::ops::Range;

use clawft_types::{join, text::Ascii as _};

use super::address::ipv4;
use crate::{
    text::number,
    workspace::{Fault, position},
};

/// An absolute http or https URL without user info and fragment, normalised: the scheme and the host are in
/// lower case, a default port is left out, and all characters may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    text: String,
    /// The position of the host; an IPv6 address has its brackets.
    host: Range<usize>,
    /// The position of the path, which begins with `/`.
    path: usize,
}

impl Url {
    /// Parses an absolute URL. The error message is for the model.
    pub(crate) fn parse(text: &str) -> Result<Url, Fault> {
        let (scheme, default_port, rest) =
            scheme(text).ok_or("the URL has to begin with `https://` or `http://`")?;
        let end = rest
            .bytes()
            .position(|byte| b"/?#\\".contains(&byte))
            .unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or_default();
        // The colons of an IPv6 address are inside its brackets.
        let colon = authority.bytes().rposition(|byte| byte == b':');
        let colon = colon.filter(|_| !authority.ends_with("]")).unwrap_or(end);
        let (host, port) = authority.split_at_checked(colon).unwrap_or_default();
        if !is_host(host) {
            return Err("the host of the URL is not a name in ASCII or an address, or there is user info");
        }
        let port = match port.get(1..) {
            None => Some(default_port),
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|port| *port != 0 && !digits.starts_with("+")),
        };
        let port = port.ok_or("the port of the URL is not a number from 1 to 65535")?;

        let mut url = Url {
            text: join!(scheme, "://", host),
            host: scheme.len() + 3..scheme.len() + 3 + host.len(),
            path: 0,
        };
        url.text.make_ascii_lowercase();
        if port != default_port {
            url.text.push(':');
            url.text.push_str(&number(port));
        }
        url.path = url.text.len();
        encode(&mut url.text, path)?;
        Ok(url)
    }

    /// Returns the URL of a reference in a document at this URL.
    pub(crate) fn join(&self, reference: &str) -> Result<Url, Fault> {
        // A scheme ends with a colon before any other delimiter.
        let delimiter = reference.bytes().find(|byte| b":/?#\\".contains(byte));
        let path = self.text.get(..position(&self.text, b'?')).unwrap_or_default();
        let base = match reference.as_bytes() {
            _ if delimiter == Some(b':') => "",
            [b'/' | b'\\', b'/' | b'\\', ..] => self.text.get(..self.host.start - 2).unwrap_or_default(),
            [b'/', ..] => self.origin(),
            [] | [b'?' | b'#', ..] => path,
            _ => {
                let end = path.bytes().rposition(|byte| byte == b'/').unwrap_or_default();
                path.get(..=end).unwrap_or_default()
            }
        };
        Url::parse(&[base, reference].concat())
    }

    /// Returns the URL as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the URL without its path.
    pub(crate) fn origin(&self) -> &str {
        self.text.get(..self.path).unwrap_or_default()
    }

    /// Returns the host; an IPv6 address with its brackets.
    pub(crate) fn host(&self) -> &str {
        self.text.get(self.host.clone()).unwrap_or_default()
    }

    /// Returns the origin without the host: before and after it.
    pub(crate) fn around_host(&self) -> (&str, &str) {
        let port = self.text.get(self.host.end..self.path);
        (
            self.text.get(..self.host.start).unwrap_or_default(),
            port.unwrap_or_default(),
        )
    }
}

/// Returns the scheme in lower case, its port, and the text after `://`.
fn scheme(text: &str) -> Option<(&'static str, u16, &str)> {
    for (scheme, port) in [("https", 443), ("http", 80)] {
        if let Some((start, rest)) = text.split_at_checked(scheme.len())
            && start.eq_ignore_ascii_case(scheme)
            && let Some(rest) = rest.strip_prefix("://")
        {
            return Some((scheme, port, rest));
        }
    }
    None
}

/// Returns whether this is a name, an IPv4 address in its usual form, or something in brackets that may be an
/// IPv6 address. Other forms of IPv4 addresses, such as `0x7f.1`, are refused.
fn is_host(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix("[") {
        let is_address = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
        return rest
            .strip_suffix("]")
            .is_some_and(|address| address.has(b':') && address.bytes().all(is_address));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let labels = || host.as_bytes().split(|byte| *byte == b'.');
    let last = labels().next_back().unwrap_or_default();
    // As in the URL standard: such a host is an IPv4 address.
    let is_numeric = last.iter().all(u8::is_ascii_digit) || matches!(last, [b'0', b'x' | b'X', ..]);
    labels().all(|label| !label.is_empty() && label.iter().copied().all(is_name))
        && (!is_numeric || ipv4(host).is_some())
}

/// Appends a path with its query, without a fragment. Characters that no URL may hold are percent-encoded.
fn encode(text: &mut String, path: &str) -> Result<(), Fault> {
    if !path.starts_with("/") {
        text.push('/');
    }
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'#' => break,
            0..b' ' | 0x7f => return Err("the URL holds a control character"),
            b'\\' if at == 0 => return Err("the URL holds a backslash"),
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                text.push('%');
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from(if digit < 10 {
                        b'0' + digit
                    } else {
                        b'A' - 10 + digit
                    }));
                }
            }
            byte => text.push(char::from(byte)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
