//! The program as a test harness uses it: one line on stdout, and an exit at the end of standard input.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Kills the process, even if an assertion fails.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this package has no door to other programs, and needs but this one"
)]
fn start() -> Guard {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-provider"));
    Guard(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts"),
    )
}

#[test]
fn ends_when_standard_input_ends() {
    let mut server = start();
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().expect("a pipe"))
        .read_line(&mut line)
        .expect("a line");
    let address = line.trim_end().strip_prefix("http://").expect("a base address");
    TcpStream::connect(address).expect("a server that listens");

    drop(server.0.stdin.take());
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.0.try_wait().expect("a status").is_none() {
        assert!(
            Instant::now() < deadline,
            "the server outlives its standard input"
        );
        thread::sleep(Duration::from_millis(5));
    }
}
