//! `weft status`, as the health check of a container.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    thread,
};

use crate::common::Home;

/// Answers one request with `response`. The handle returns the request's first line.
fn answer(response: &'static str) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap())
            .lines()
            .map_while(Result::ok);
        let first = lines.next().unwrap();
        lines.find(String::is_empty);
        stream.write_all(response.as_bytes()).unwrap();
        first
    });
    (address, thread)
}

#[test]
fn ready_gateway_gives_exit_code_0() {
    let home = Home::new("ok");
    let (address, asked) = answer("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ready\",\"config\":true}");
    let said = home.run(&["status", "--listen", &address.to_string()]).result();
    assert_eq!(said, format!("the gateway at {address} is ready\n"));
    assert_eq!(asked.join().unwrap(), "GET /readyz HTTP/1.1");
}

#[test]
fn unready_gateway_gives_exit_code_1() {
    let home = Home::new("ok");
    let (address, _) = answer("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"config\":false}");
    let said = home.run(&["status", "--listen", &address.to_string()]).failure(1);
    assert_eq!(
        said,
        format!("error: the gateway at {address} is not ready, it answered 503: {{\"config\":false}}\n")
    );
    let (address, _) = answer("SSH-2.0\r\n");
    let said = home.run(&["status", "--listen", &address.to_string()]).failure(1);
    assert!(said.contains("the response is not HTTP"), "{said}");
}

#[test]
fn another_program_is_no_gateway() {
    let home = Home::new("ok");
    for body in ["", "ok", "{\"status\":\"ok\"}", "<html>ready</html>"] {
        let response = format!("HTTP/1.1 200 OK\r\n\r\n{body}").leak();
        let (address, _) = answer(response);
        let said = home.run(&["status", "--listen", &address.to_string()]).failure(1);
        assert!(said.contains("what answers is another program"), "{said}");
    }
}

#[test]
fn asks_address_in_the_variable() {
    let home = Home::new("ok");
    let (address, asked) = answer("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ready\"}");
    let mut command = home.command(&["status", "--json"]);
    let output = command
        .env("CLAWFT_LISTEN", format!("0.0.0.0:{}", address.port()))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{{\"address\":\"{address}\",\"status\":\"ready\"}}\n")
    );
    asked.join().unwrap();
}

#[test]
fn missing_gateway_is_reported_with_advice() {
    let home = Home::new("ok");
    let said = home.run(&["status", "--listen", "127.0.0.1:1"]).failure(1);
    assert!(
        said.starts_with("error: no gateway answers at 127.0.0.1:1: connection refused, start it with"),
        "{said}"
    );
}
