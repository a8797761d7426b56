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

/// Runs a chat with these variables, and returns its exit code and its last line on standard error.
fn chat(home: &Home, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut call = home.command(&["chat", "Hello!"]);
    let output = call.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (
        output.status.code(),
        said.lines().last().unwrap_or_default().to_owned(),
    )
}

#[test]
fn asterisk_turns_the_proxy_off() {
    let home = Home::new("ok");
    let proxy = ("http_proxy", "http://127.0.0.1:1");
    for exceptions in ["*", "example.com, *", "127.0.0.1", "127.0.0.0/8"] {
        let answered = chat(&home, &[proxy, ("NO_PROXY", exceptions)]);
        assert_eq!(answered, (Some(0), String::new()), "{exceptions}");
    }
    let (code, _) = chat(&home, &[proxy, ("NO_PROXY", "*.example")]);
    assert_eq!(code, Some(1));
}

#[test]
fn failure_of_the_proxy_names_it() {
    let plain = Home::new("ok");
    let secure = Home::with_base("https://provider.invalid/v1");
    for (home, variable) in [
        (&plain, "http_proxy"),
        (&plain, "ALL_PROXY"),
        (&secure, "HTTPS_PROXY"),
    ] {
        let (code, said) = chat(home, &[(variable, "http://user:secret@127.0.0.1:1")]);
        let refused =
            format!("the proxy `127.0.0.1:1` of the variable `{variable}`: connection refused; provider");
        assert_eq!(code, Some(1));
        assert!(said.contains(&refused) && !said.contains("secret"), "{said}");
    }
    // Without one, the provider is what refuses.
    let (_, said) = chat(&Home::with_base("http://127.0.0.1:1/v1"), &[]);
    assert!(
        said.starts_with("error: HTTP unavailable: connection refused"),
        "{said}"
    );
}

#[test]
fn answer_of_the_proxy_is_not_the_providers() {
    for (base, status, cause) in [
        (
            "http://provider.invalid/v1",
            407,
            "it requires a user and a password",
        ),
        (
            "https://provider.invalid/v1",
            407,
            "it requires a user and a password",
        ),
        (
            "https://provider.invalid/v1",
            403,
            "it refuses the connection to the server",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            // A refused connection is tried again.
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines
                    .next()
                    .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
                {}
                let head = format!("HTTP/1.1 {status} no\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
            }
        });
        let proxied = format!("http://{address}");
        let variables = [
            ("http_proxy", proxied.as_str()),
            ("https_proxy", proxied.as_str()),
        ];
        let (code, said) = chat(&Home::with_base(base), &variables);
        assert_eq!(code, Some(1));
        assert!(
            said.contains(&format!("the proxy `{address}` of the variable `http"))
                && said.contains(&format!("`: {cause}; provider")),
            "{said}"
        );
    }
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
