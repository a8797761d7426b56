//! Inspection of a response's head, before any of its body is read.

use alloc::string::String;

use clawft_types::{join, text::number};

use crate::answer::{Failure, Fault};

/// Pairs of name, in upper or lower case, and value.
pub type Headers<'a> = &'a [(String, String)];

/// Returns the value of the header `name`, without surrounding white space.
pub fn header<'a>(headers: Headers<'a>, name: &str) -> Option<&'a str> {
    let (_, value) = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

/// Returns the body's encoding, if it has one. The request accepts none, so an encoded body cannot be read.
pub fn encoding<'a>(headers: Headers<'a>) -> Option<&'a str> {
    header(headers, "content-encoding")
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

/// Returns the length of the body in bytes, if the header is there.
pub fn length(headers: Headers<'_>) -> Option<usize> {
    header(headers, "content-length")?.parse().ok()
}

/// Returns whether the body is a stream of events. A server may send a whole answer although a stream was
/// requested.
pub fn is_event_stream(headers: Headers<'_>) -> bool {
    const TYPE: &[u8] = b"text/event-stream";
    let value = header(headers, "content-type").unwrap_or_default().as_bytes();
    value
        .get(..TYPE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(TYPE))
}

/// Returns the fault of a response that cannot be an answer, whatever its body holds; `None` if the body
/// decides.
pub(crate) fn fault(status: u16, headers: Headers<'_>) -> Option<Fault> {
    match status {
        204 | 205 => Some(Fault::Bad(join!(
            "status ",
            &number(status.into()),
            " stands for no content"
        ))),
        200..=299 => {
            let coding = encoding(headers)?;
            Some(Fault::Bad(join!(
                "it is encoded as `",
                coding,
                "`, which was not asked for"
            )))
        }
        300..=399 => Some(Fault::Failure(Failure {
            message: redirect(headers),
            ..Failure::default()
        })),
        _ => None,
    }
}

/// Returns the error message for a redirect. Redirects are not followed, because a redirect could send the
/// key and the conversation to any server.
pub fn redirect(headers: Headers<'_>) -> String {
    match header(headers, "location").and_then(host) {
        Some(host) => join!("redirects are not followed, this one leads to `", &host, "`"),
        None => String::from("redirects are not followed"),
    }
}

/// Returns the host and port of a URL. The rest is never shown: user info, path and query may hold secrets.
fn host(url: &str) -> Option<&str> {
    let rest = url[url.bytes().position(|byte| byte == b'/')?..].strip_prefix("//")?;
    let end = rest
        .bytes()
        .position(|byte| b"/?#\\".contains(&byte))
        .unwrap_or(rest.len());
    let start = rest[..end]
        .bytes()
        .rposition(|byte| byte == b'@')
        .map_or(0, |at| at + 1);
    Some(&rest[start..end]).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_only_the_host_of_a_redirect() {
        for (location, named) in [
            ("https://evil.example/login?key=1", Some("evil.example")),
            ("//evil.example:8080", Some("evil.example:8080")),
            ("http://user:p@ss@evil.example#x", Some("evil.example")),
            ("https://", None),
            ("/v2/chat", None),
            ("mailto:x", None),
            ("", None),
        ] {
            assert_eq!(host(location), named, "{location}");
        }
    }

    #[test]
    fn rejects_statuses_without_an_answer() {
        let is_fault = |status| fault(status, &[]).is_some();
        assert_eq!(
            [100, 199, 200, 201, 203, 204, 205, 206, 299, 300, 399, 400, 599].map(is_fault),
            [
                false, false, false, false, false, true, true, false, false, true, true, false, false
            ]
        );
    }

    #[test]
    fn reads_a_numeric_length() {
        let said = |value: &str| length(&[("Content-Length".to_owned(), value.to_owned())]);
        assert_eq!(
            [" 70 ", "0", "-1", "7x", ""].map(said),
            [Some(70), Some(0), None, None, None]
        );
        assert_eq!(length(&[]), None);
    }

    #[test]
    fn finds_headers_in_any_case() {
        let headers = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        assert!(is_event_stream(&headers(
            "Content-Type",
            "Text/Event-Stream; charset=utf-8"
        )));
        assert!(!is_event_stream(&headers("content-type", "application/json")));
        assert!(!is_event_stream(&[]));
        assert_eq!(encoding(&headers("Content-Encoding", " gzip ")), Some("gzip"));
        assert_eq!(encoding(&headers("content-encoding", "Identity")), None);
        assert_eq!(encoding(&headers("content-encoding", " ")), None);
    }
}
