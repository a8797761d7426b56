//! Splitting a URL into the parts that an HTTP request needs.
//!
//! Written by hand and strict: the general crates include the tables of internationalised host names (about
//! 200 KB of component), and an API's base address needs none of their leniency. A rejected URL never reaches
//! the network.

use alloc::string::String;

use clawft_types::text::Ascii as _;

/// The parts of an `http` or `https` URL. The fragment, which is never sent, is dropped.
#[derive(Debug)]
pub struct Url<'a> {
    /// Whether the scheme is `https` rather than `http`.
    pub https: bool,
    /// The host and, if given, the port: `api.openai.com`, `127.0.0.1:8080`, `[::1]:8080`.
    pub authority: &'a str,
    /// The path and query, beginning with `/`: `/v1/chat/completions?x=1`.
    pub path_with_query: String,
}

impl<'a> Url<'a> {
    /// Splits `text`. The error does not quote it, because a rejected URL may hold a password.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "the URL holds a space, a control character or a letter that must be percent-encoded",
            );
        }
        let (https, rest) = split_scheme(text)?;
        let rest = rest.pieces(b'#').next().unwrap_or(rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        check_authority(authority)?;
        let mut path_with_query = String::new();
        if !path.starts_with("/") {
            path_with_query.push('/');
        }
        path_with_query.push_str(path);
        Ok(Url {
            https,
            authority,
            path_with_query,
        })
    }
}

/// Returns whether the scheme is `https`, and the text after `://`.
fn split_scheme(text: &str) -> Result<(bool, &str), &'static str> {
    for (prefix, https) in [("https://", true), ("http://", false)] {
        if let Some((scheme, rest)) = text.split_at_checked(prefix.len())
            && scheme.eq_ignore_ascii_case(prefix)
        {
            return Ok((https, rest));
        }
    }
    Err("the URL does not begin with `https://` or `http://`")
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    if authority.has(b'@') {
        return Err("the URL holds user info (`user@`), which is not sent");
    }
    let (host, port) = split_port(authority);
    if host.is_empty() {
        return Err("the URL has no host");
    }
    if !host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && !is_ipv6(host)
    {
        return Err("the URL's host holds a character that no host name has");
    }
    match port {
        Some(port) if !is_port(port) => Err("the URL's port is not a number from 1 to 65535"),
        _ => Ok(()),
    }
}

/// Returns the host and port of an authority. The colons of an IPv6 address are inside its brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with("]") => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_ipv6(host: &str) -> bool {
    let address = host.strip_prefix("[").and_then(|rest| rest.strip_suffix("]"));
    address.is_some_and(|address| {
        address.has(b':')
            && address
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
    })
}

fn is_port(port: &str) -> bool {
    // `parse` alone would accept a leading `+`.
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|number| number != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Url;

    fn split(text: &str) -> (bool, &str, String) {
        let url = Url::parse(text).unwrap();
        (url.https, url.authority, url.path_with_query)
    }

    #[test]
    fn splits_addresses_of_providers() {
        assert_eq!(
            split("https://api.openai.com/v1/chat/completions"),
            (true, "api.openai.com", "/v1/chat/completions".into())
        );
        assert_eq!(
            split("http://127.0.0.1:8080"),
            (false, "127.0.0.1:8080", "/".into())
        );
        assert_eq!(
            split("HTTP://[::1]:11434/api"),
            (false, "[::1]:11434", "/api".into())
        );
        assert_eq!(split("https://[fe80::1]"), (true, "[fe80::1]", "/".into()));
        assert_eq!(
            split("https://host?api-version=1#part"),
            (true, "host", "/?api-version=1".into())
        );
        assert_eq!(
            split("https://host/a?u=http://b:1/@"),
            (true, "host", "/a?u=http://b:1/@".into())
        );
    }

    #[test]
    fn refuses_urls_with_a_reason() {
        for (text, reason) in [
            ("", "does not begin"),
            ("http:/", "does not begin"),
            ("api.openai.com/v1", "does not begin"),
            ("ftp://host/", "does not begin"),
            ("file:///etc/passwd", "does not begin"),
            ("https://", "no host"),
            ("https:///v1", "no host"),
            ("https://:443/", "no host"),
            ("https://user:secret@host/", "user info"),
            ("https://host/a b", "percent-encoded"),
            ("https://host/\r\nx: y", "percent-encoded"),
            ("https://höst/", "percent-encoded"),
            ("https://ho\\st/", "host holds"),
            ("https://::1/", "host holds"),
            ("https://[]/", "host holds"),
            ("https://host:/", "port"),
            ("https://host:0/", "port"),
            ("https://host:+80/", "port"),
            ("https://host:65536/", "port"),
        ] {
            let refused = Url::parse(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
            assert!(!refused.contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn parser_never_panics_on_any_text(text in any::<String>()) {
            let _ = Url::parse(&text);
        }

        #[test]
        fn accepted_urls_are_safe_to_send(text in "(https?|ftp)?(://)?[a-z0-9:@/?#\\[\\]. \r\n%é-]{0,40}") {
            if let Ok(url) = Url::parse(&text) {
                prop_assert!(!url.authority.is_empty() && !url.authority.contains(['@', '/', '?', '#']));
                prop_assert!(url.path_with_query.starts_with('/') && !url.path_with_query.contains('#'));
                prop_assert!(url.path_with_query.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }

        #[test]
        fn parts_make_the_url_again(
            host in "[a-z][a-z0-9.-]{0,20}", port in 1u16.., path in "/[!-\"$-~]{0,30}",
        ) {
            let authority = format!("{host}:{port}");
            let text = format!("https://{authority}{path}");
            prop_assert_eq!(split(&text), (true, authority.as_str(), path));
        }
    }
}
