//! Tests of reading URLs.

use proptest::prelude::*;

use super::Url;

fn read(text: &str) -> String {
    Url::parse(text).map_or_else(str::to_owned, |url| url.as_str().to_owned())
}

#[test]
fn normalises_urls_that_are_accepted() {
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
fn refuses_urls_that_are_ambiguous() {
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
fn joins_references_with_their_base() {
    let base = Url::parse("https://a.example/b/c?d").unwrap();
    for (reference, url) in [
        ("/x", "https://a.example/x"),
        ("x?y#z", "https://a.example/b/x?y"),
        ("?q", "https://a.example/b/c?q"),
        ("//b.example/x", "https://b.example/x"),
        ("http://b.example", "http://b.example/"),
        ("", "https://a.example/b/c"),
    ] {
        assert_eq!(base.join(reference).unwrap().as_str(), url, "{reference}");
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
            let again = Url::parse(url.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&url));
            prop_assert!(url.as_str().to_owned().bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
