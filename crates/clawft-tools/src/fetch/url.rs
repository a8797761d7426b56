//! URLs, read strictly: no two programs may understand the host of an accepted one differently.

use crate::text::number;
use alloc::string::String;

/// An absolute http or https URL without user info and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) is_https: bool,
    /// In lower case; an IPv6 address with its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The path and the query, beginning with `/`; percent-encoded.
    path: String,
}

impl Url {
    /// Parses an absolute URL. The error message is for the model.
    pub(crate) fn parse(text: &str) -> Result<Url, String> {
        Url::read(text.trim()).map_err(|cause| ["the URL is not accepted: ", cause].concat())
    }

    /// Returns the URL of a reference in a document at this URL.
    pub(crate) fn join(&self, reference: &str) -> Result<Url, String> {
        let reference = reference.trim();
        if scheme(reference).is_some() {
            return Url::parse(reference);
        }
        if reference.starts_with("//") || reference.starts_with("\\") || reference.starts_with("/\\") {
            return Url::parse(&[self.scheme(), ":", reference].concat());
        }
        let path = self.path.split('?').next().unwrap_or_default();
        let base = match reference.bytes().next() {
            Some(b'/') => "",
            Some(b'?' | b'#') | None => path,
            Some(_) => {
                let end = path.bytes().rposition(|byte| byte == b'/').unwrap_or_default();
                path.get(..=end).unwrap_or_default()
            }
        };
        Ok(Url {
            path: encoded(&[base, reference].concat())?,
            ..self.clone()
        })
    }

    /// Returns the URL as text.
    pub(crate) fn to_text(&self) -> String {
        [self.origin(), self.path.clone()].concat()
    }

    /// Returns the URL without its path.
    pub(crate) fn origin(&self) -> String {
        let port = if self.port == default_port(self.is_https) {
            String::new()
        } else {
            [":", &number(self.port)].concat()
        };
        [self.scheme(), "://", &self.host, &port].concat()
    }

    fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    fn read(text: &str) -> Result<Url, &'static str> {
        let (is_https, rest) = match scheme(text) {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err("it has to begin with `https://` or `http://`"),
        };
        let end = rest
            .bytes()
            .position(|byte| b"/?#\\".contains(&byte))
            .unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or_default();
        if path.starts_with('\\') {
            return Err("it holds a backslash");
        }
        let (host, port) = authority_parts(authority, is_https)?;
        Ok(Url {
            is_https,
            host: host.to_ascii_lowercase(),
            port,
            path: encoded(path)?,
        })
    }
}

/// Returns the scheme of an absolute URL in lower case, if it is one of HTTP's, and the text after `://`; for
/// other schemes an empty one.
fn scheme(text: &str) -> Option<(&'static str, &str)> {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric() && !b"+-.".contains(&byte))?;
    let (name, rest) = text.split_at_checked(end)?;
    let rest = rest.strip_prefix(':')?;
    let known = ["https", "http"]
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known));
    match (known, rest.strip_prefix("//")) {
        (Some(known), Some(rest)) => Some((known, rest)),
        _ => Some(("", rest)),
    }
}

fn authority_parts(authority: &str, is_https: bool) -> Result<(&str, u16), &'static str> {
    if authority.contains('@') {
        return Err("it holds user info");
    }
    let colon = authority.bytes().rposition(|byte| byte == b':');
    let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
        Some((host, port)) if !port.ends_with(']') => (host, port.get(1..).unwrap_or_default()),
        _ => (authority, ""),
    };
    if !is_host(host) {
        return Err("its host is not a name in ASCII or an address");
    }
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if is_number && port != 0 => Ok((host, port)),
        _ if port.is_empty() && !authority.ends_with(':') => Ok((host, default_port(is_https))),
        _ => Err("its port is not a number from 1 to 65535"),
    }
}

fn default_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

/// Returns whether this is a name, an IPv4 address in its usual form, or something in brackets that may be an
/// IPv6 address. Other forms of IPv4 addresses, such as `0x7f.1`, are refused.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.contains(':')
            && address
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.');
    }
    let is_name = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = host.split('.').next_back().unwrap_or_default();
    // As in the URL standard: such a host is an IPv4 address.
    let is_numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    host.split('.').all(is_name) && (!is_numeric || super::address::ipv4(host).is_some())
}

/// Returns a path with its query, without a fragment, beginning with `/`. Characters that no URL may hold are
/// percent-encoded.
fn encoded(path: &str) -> Result<String, &'static str> {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut encoded = String::new();
    if !path.starts_with('/') {
        encoded.push('/');
    }
    for byte in path.bytes().take_while(|byte| *byte != b'#') {
        match byte {
            0..b' ' | 0x7f => return Err("it holds a control character"),
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded.extend(DIGITS.get(usize::from(digit)));
                }
            }
            byte => encoded.push(char::from(byte)),
        }
    }
    Ok(encoded)
}

#[cfg(test)]
mod tests {
    use super::Url;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        Url::parse(text).map_or_else(|cause| cause, |url| url.to_text())
    }

    #[test]
    fn normalises_accepted_urls() {
        for (text, url) in [
            ("https://api.example.com", "https://api.example.com/"),
            (
                "HTTPS://API.Example.com:443/A?b=c#d",
                "https://api.example.com/A?b=c",
            ),
            ("http://127.0.0.1:8080/a b", "http://127.0.0.1:8080/a%20b"),
            ("http://[::1]:80/", "http://[::1]/"),
            ("https://host?q=ü", "https://host/?q=%C3%BC"),
        ] {
            assert_eq!(read(text), url, "{text}");
        }
    }

    #[test]
    fn refuses_ambiguous_urls() {
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "http:example.com",
            "http:/example.com",
            "http://",
            "http://@example.com",
            "http://a@b.example",
            "http://a.example\\@b.example",
            "http://a.example:80:81",
            "http://a.example:",
            "http://a.example:+80",
            "http://a.example:0",
            "http://a.example:65536",
            "http://a..example",
            "http://a.example.",
            "http://a%2eexample",
            "http://bücher.example",
            "http://0x7f.1",
            "http://2130706433",
            "http://127.1",
            "http://0177.0.0.1",
            "http://1.2.3.4.5",
            "http://[::1",
            "http://::1",
            "http://[fe80::1%25eth0]",
            "http://a.example/\r\nx: y",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn joins_references() {
        let base = Url::parse("https://a.example/b/c?d").unwrap();
        for (reference, url) in [
            ("/x", "https://a.example/x"),
            ("x?y#z", "https://a.example/b/x?y"),
            ("?q", "https://a.example/b/c?q"),
            ("//b.example/x", "https://b.example/x"),
            ("http://b.example", "http://b.example/"),
            ("", "https://a.example/b/c"),
        ] {
            assert_eq!(base.join(reference).unwrap().to_text(), url, "{reference}");
        }
        for reference in [
            "javascript:alert(1)",
            "file:///etc",
            "/\\b.example",
            "\\\\b.example",
            "//u@b.example",
        ] {
            assert!(base.join(reference).is_err(), "{reference}");
        }
    }

    proptest! {
        #[test]
        fn accepted_urls_stay_the_same(text in "https?://[a-z0-9.:@\\\\\\[\\]/?#% é-]{0,30}") {
            if let Ok(url) = Url::parse(&text) {
                let again = Url::parse(&url.to_text());
                prop_assert_eq!(again.as_ref(), Ok(&url));
                prop_assert!(url.to_text().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
