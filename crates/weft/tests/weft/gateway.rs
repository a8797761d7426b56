//! `weft gateway`: the command line's part. The gateway's own tests are in its package.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::common::Home;

#[test]
fn listens_on_given_address_and_names_build() {
    let home = Home::new("ok");
    let mut command = home.command(&["gateway", "--listen", "127.0.0.1:0"]);
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests run only the program of this package"
    )]
    let mut child = command.env("CLAWFT_LISTEN", "203.0.113.1:1").spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        (&line["event"], &line["version"]),
        (&"listening".into(), &version.into()),
        "{line}"
    );

    let mut stream = TcpStream::connect(line["address"].as_str().unwrap()).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut metrics = String::new();
    stream.read_to_string(&mut metrics).unwrap();
    let said = home.run(&["--version"]).result();
    let (revision, target) = said
        .split_once('(')
        .unwrap()
        .1
        .trim_end_matches(")\n")
        .split_once(' ')
        .unwrap();
    let build =
        format!("clawft_build_info{{version=\"{version}\",revision=\"{revision}\",target=\"{target}\"}}");
    assert!(metrics.contains(&build), "{build}\n{metrics}");

    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn warns_about_token_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new("ok");
    let path = home.path("gateway-token");
    std::fs::write(&path, "a-token-of-the-user\n").unwrap();
    for (mode, warns) in [(0o644, true), (0o600, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut child = home.spawn(&["gateway", "--listen", "0.0.0.0:0"]);
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        assert!(lines.next().unwrap().contains("\"event\":\"listening\""));
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        assert_eq!(
            lines.any(|line| line.contains("others can read the token in")),
            warns,
            "{mode:o}"
        );
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn address_that_is_taken_is_reported_with_advice() {
    let home = Home::new("ok");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = home.run(&["gateway", "--listen", &address]).failure(1);
    assert_eq!(
        said,
        format!(
            "error: could not listen on `{address}`: another program listens there, perhaps another gateway; \
             give another address with `--listen`\n"
        )
    );
}
