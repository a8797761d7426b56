//! Entries of the list of allowed origins.

use alloc::{borrow::ToOwned as _, string::String};
use core::net::IpAddr;

use clawft_types::{
    join,
    json::{JsonError, Node},
    text::Ascii as _,
};

use super::{
    address::{ipv4, is_public_v4},
    url::Url,
};
use crate::workspace::position;

/// An allowed origin: scheme, host and port. `https://*.example.com` stands for all names below
/// `example.com`, `https://*` for all public hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The entry without `*.`.
    url: Url,
    hosts: Hosts,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hosts {
    One,
    Below,
    All,
}

impl Origin {
    /// Reads an entry of the configuration.
    pub(crate) fn read(node: Node<'_>) -> Result<Origin, JsonError> {
        let text = node.text()?.trim_end_matches('/');
        let star = position(text, b'*');
        let (scheme, rest) = text.split_at_checked(star).unwrap_or_default();
        let (hosts, without_star) = match rest.as_bytes() {
            [] => (Hosts::One, text.to_owned()),
            // A star elsewhere than at the beginning of the host is a part of a name, which has none.
            _ if !scheme.ends_with("//") => (Hosts::All, String::new()),
            [b'*', b'.', ..] => (Hosts::Below, [scheme, rest.get(2..).unwrap_or_default()].concat()),
            [b'*'] | [b'*', b':', ..] => (
                Hosts::All,
                join!(scheme, "any", rest.get(1..).unwrap_or_default()),
            ),
            _ => (Hosts::All, String::new()),
        };
        let has_path = |url: &Url| url.as_str().len() > url.origin().len() + 1;
        match Url::parse(&without_star) {
            Ok(url) if !has_path(&url) && !text.bytes().any(|byte| b"?#\\".contains(&byte)) => Ok(Origin {
                url,
                hosts,
                text: text.to_owned(),
            }),
            _ => Err(node.error(
                "expected an origin such as `https://api.example.com`, `http://127.0.0.1:8080` or `https://*.example.com`",
            )),
        }
    }

    /// Returns the entry as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether `url` has this origin. Entries with `*` do not stand for addresses and names of this
    /// machine and of private networks.
    pub(crate) fn permits(&self, url: &Url) -> bool {
        let is_below = |host: &str| {
            let name = host.strip_suffix(self.url.host());
            name.is_some_and(|name| name.ends_with("."))
        };
        match self.hosts {
            Hosts::One => return self.is_of(url),
            Hosts::Below if !is_below(url.host()) => return false,
            _ => {}
        }
        url.around_host() == self.url.around_host() && is_public_host(url.host())
    }

    /// Returns whether the entry has no `*` and is the origin of `url`.
    pub(crate) fn is_of(&self, url: &Url) -> bool {
        self.hosts == Hosts::One && url.origin() == self.url.origin()
    }

    /// Returns whether the entry names this address itself.
    pub(crate) fn is_address(&self, address: IpAddr) -> bool {
        let host = self.url.host().trim_start_matches('[').trim_end_matches(']');
        self.hosts == Hosts::One
            && (host.parse() == Ok(address) || (host == "localhost" && address.is_loopback()))
    }
}

/// Returns whether a host may be public: a name with a dot, or a public IPv4 address. IPv6 addresses have to
/// be listed one by one.
fn is_public_host(host: &str) -> bool {
    const LOCAL: [&str; 4] = [".localhost", ".local", ".internal", ".home.arpa"];
    match ipv4(host) {
        Some(address) => is_public_v4(address),
        None => host.has(b'.') && !host.starts_with("[") && !LOCAL.iter().any(|local| host.ends_with(local)),
    }
}
