//! Entries of the list of allowed origins.

use super::address::{ipv4, is_public_v4};
use super::url::Url;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use clawft_types::json::{JsonError, Node};
use core::net::IpAddr;

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
        let text = node.text()?.trim().trim_end_matches('/');
        let (scheme, host) = text.split_once("://").unwrap_or_default();
        let (hosts, host) = match host.strip_prefix('*') {
            None => (Hosts::One, host.to_owned()),
            Some(rest) => match rest.strip_prefix('.') {
                Some(domain) => (Hosts::Below, domain.to_owned()),
                None if rest.is_empty() || rest.starts_with(':') => (Hosts::All, ["any", rest].concat()),
                None => (Hosts::All, String::new()),
            },
        };
        let url = Url::parse(&[scheme, "://", &host].concat());
        let is_origin =
            |url: &Url| url.to_text().len() == url.origin().len() + 1 && !text.contains(['?', '#']);
        match url {
            Ok(url) if is_origin(&url) => Ok(Origin {
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
        let is_host = match self.hosts {
            Hosts::One => url.host == self.url.host,
            Hosts::Below => {
                let below = url.host.strip_suffix(self.url.host.as_str());
                below.is_some_and(|name| name.ends_with('.')) && is_public_host(&url.host)
            }
            Hosts::All => is_public_host(&url.host),
        };
        is_host && url.is_https == self.url.is_https && url.port == self.url.port
    }

    /// Returns whether the entry names this address itself.
    pub(crate) fn is_address(&self, address: IpAddr) -> bool {
        let host = self.url.host.trim_start_matches('[').trim_end_matches(']');
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
        None => {
            host.contains('.') && !host.starts_with('[') && !LOCAL.iter().any(|local| host.ends_with(local))
        }
    }
}
