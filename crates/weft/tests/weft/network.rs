//! Connections to the provider.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use crate::common::Home;

#[test]
fn uses_proxy_of_the_environment() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let first = BufReader::new(stream.try_clone().unwrap())
            .lines()
            .next()
            .unwrap()
            .unwrap();
        stream
            .write_all(b"HTTP/1.1 400 no\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        first
    });
    let home = Home::with_base("http://provider.invalid/v1");
    let output = home
        .command(&["chat", "Hello!"])
        .env("http_proxy", format!("http://{address}"))
        .output()
        .unwrap();
    assert_eq!(
        proxy.join().unwrap(),
        "POST http://provider.invalid/v1/chat/completions HTTP/1.1"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    let (warning, error) = said.split_once('\n').unwrap();
    assert!(
        warning.starts_with(
            "warning: the API key of provider `openai` is sent to `provider.invalid` without TLS"
        ),
        "{said}"
    );
    assert!(
        error.starts_with("error: provider `openai` at `provider.invalid/v1/chat/completions` answered 400"),
        "{said}"
    );
}

#[test]
fn names_variable_of_unusable_proxy() {
    let home = Home::new("ok");
    for (variable, value) in [
        ("http_proxy", "socks5://secret@127.0.0.1:1"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:1"),
        ("ALL_PROXY", "http://"),
        ("all_proxy", "not a proxy"),
    ] {
        let output = home
            .command(&["chat", "Hello!"])
            .env(variable, value)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.starts_with(&format!("error: the variable `{variable}`")) && !said.contains("secret"),
            "{said}"
        );
    }
}

#[test]
fn steady_stream_outlives_the_timeout() {
    let home = Home::new("stream-slow");
    let message = "one two three four five six seven eight nine ten eleven twelve";
    assert_eq!(
        home.run(&["chat", message]).result(),
        format!("echo: {message}\n")
    );
}
