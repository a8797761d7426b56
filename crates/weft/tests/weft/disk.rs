//! Sessions on a slow or faulty disk, used by several processes at once: every turn is stored, or its caller
//! gets a warning.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use disk_shim::{Effects, Shim};
use rustix::{
    fs::{CWD, Mode, mkfifoat},
    process::{Pid, Signal, kill_process},
};

use crate::common::{Home, Run, eventually};

fn effects() -> Effects {
    static SHIM: OnceLock<Shim> = OnceLock::new();
    let compile = || {
        let directory =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Shim::compile(&directory).unwrap()
    };
    SHIM.get_or_init(compile).effects()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests run only the program of this package"
)]
fn spawn(home: &Home, arguments: &[&str], effects: &Effects) -> Child {
    home.command(arguments).envs(effects.variables()).spawn().unwrap()
}

fn end(child: Child) -> Run {
    Run::from(child.wait_with_output().unwrap())
}

/// Waits until the process has stopped itself.
fn stopped(child: &Child) {
    let stat = PathBuf::from(format!("/proc/{}/stat", child.id()));
    // The state follows the name in parentheses, which may hold any character.
    eventually(|| {
        fs::read_to_string(&stat)
            .unwrap()
            .rsplit_once(") ")
            .unwrap()
            .1
            .starts_with('T')
    });
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Returns the questions that are stored, sorted; each is followed by its answer.
fn stored(home: &Home) -> Vec<String> {
    let session = home.session("default");
    let turns = session.messages.chunks(2).map(|turn| {
        assert_eq!(
            turn[1].content,
            format!("echo: {}", turn[0].content),
            "a turn stays together"
        );
        turn[0].content.clone()
    });
    let mut said: Vec<String> = turns.collect();
    said.sort();
    said
}

#[test]
fn stores_four_requests_at_once_under_slow_fsync() {
    let home = Home::new("ok");
    home.run(&["chat", "first"]).result();
    let mut gateway = spawn(
        &home,
        &["gateway", "--listen", "127.0.0.1:0"],
        &effects().slow(3500),
    );
    let mut line = String::new();
    BufReader::new(gateway.stderr.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = listening["address"].as_str().unwrap();
    thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                let body = format!(r#"{{"messages":[{{"role":"user","content":"{number}"}}]}}"#);
                let head = format!(
                    "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
                     connection: close\r\nx-clawft-session: default\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all((head + &body).as_bytes()).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("echo: "), "{answer}");
            });
        }
    });
    assert_eq!(stored(&home), ["0", "1", "2", "3", "first"]);
    signal(&gateway, Signal::TERM);
    assert!(gateway.wait().unwrap().success());
}

/// Tells a gateway on a slow disk to end while it stores a turn.
#[test]
fn reports_turn_stored_too_slowly_at_shutdown() {
    for stream in [false, true] {
        let home = Home::new("ok");
        let mut gateway = spawn(
            &home,
            &["gateway", "--listen", "127.0.0.1:0"],
            &effects().slow(20_000),
        );
        let mut line = String::new();
        BufReader::new(gateway.stderr.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = listening["address"].as_str().unwrap();
        let body = format!(r#"{{"messages":[{{"role":"user","content":"late"}}],"stream":{stream}}}"#);
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             x-clawft-session: default\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all((head + &body).as_bytes()).unwrap();
        eventually(|| home.path("sessions").exists());
        let begun = Instant::now();
        signal(&gateway, Signal::TERM);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("late"),
            "{answer}"
        );
        let told = match stream {
            false => "\r\nx-clawft-stored: false\r\n",
            true => r#""clawft":{"stored":false,"reason":"shutting_down"}"#,
        };
        assert!(answer.contains(told), "{answer}");
        assert!(gateway.wait().unwrap().success() && begun.elapsed() < Duration::from_secs(10));
    }
}

/// Runs three processes twice: one has its clock ahead, and one is stopped between writing and publishing,
/// first for a while, then until the others have taken over its lock and stored their turns.
#[test]
fn keeps_two_turns_each_of_three_processes() {
    let home = Home::new("ok");
    home.run(&["chat", "first"]).result();
    for round in 1..=2 {
        let say =
            |name: &str, effects: Effects| spawn(&home, &["chat", &format!("{name} {round}")], &effects);
        let late = say("stopped", effects().stopped_before_rename());
        stopped(&late);
        let others = [
            say("slow", effects().slow(500)),
            say("ahead", effects().slow(500).ahead(10)),
        ];
        if round == 1 {
            thread::sleep(Duration::from_secs(5));
            signal(&late, Signal::CONT);
        }
        for other in others {
            end(other).result();
        }
        signal(&late, Signal::CONT);
        end(late).result();
    }
    assert_eq!(
        stored(&home),
        [
            "ahead 1",
            "ahead 2",
            "first",
            "slow 1",
            "slow 2",
            "stopped 1",
            "stopped 2"
        ]
    );
}

#[test]
fn killed_process_delays_nobody() {
    let home = Home::new("ok");
    for (killed, effects) in [effects().stopped_after_fsync(), effects().stopped_before_rename()]
        .iter()
        .enumerate()
    {
        let mut child = spawn(&home, &["chat", "killed"], effects);
        stopped(&child);
        child.kill().unwrap();
        child.wait().unwrap();
        let begun = Instant::now();
        home.run(&["chat", "next"]).result();
        // Without a lock of the operating system, ten seconds would pass.
        assert!(begun.elapsed() < Duration::from_secs(8), "it was waited for");
        assert_eq!(stored(&home).len(), killed + 1);
        assert_eq!(fs::read_dir(home.path("sessions/.locks")).unwrap().count(), 0);
    }
}

#[test]
fn reports_session_removed_during_a_turn() {
    let home = Home::new("ok");
    home.run(&["chat", "first"]).result();
    let child = spawn(&home, &["chat", "second"], &effects().stopped_before_rename());
    stopped(&child);
    assert_eq!(home.run(&["sessions", "rm", "default"]).result(), "");
    signal(&child, Signal::CONT);
    let run = end(child);
    assert_eq!((run.code, run.stdout.as_str()), (5, "echo: second\n"));
    assert_eq!(
        run.stderr,
        "warning: the answer is not stored, the session was deleted meanwhile\n"
    );
    assert!(!home.path("sessions/default.json").exists());
}

/// Runs weft with a limit of 8 blocks for each file.
#[expect(clippy::disallowed_methods, reason = "as above")]
fn run_with_file_limit(home: &Home, arguments: &[&str]) -> Run {
    let weft = home.command(arguments);
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "ulimit -f 8; exec \"$@\"", "sh"])
        .arg(weft.get_program())
        .args(weft.get_args());
    for (name, value) in weft.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    // The counts of a coverage measurement would exceed the limit.
    shell.env("LLVM_PROFILE_FILE", "/dev/null").stdin(Stdio::null());
    Run::from(shell.output().unwrap())
}

#[test]
fn file_size_limit_is_an_error() {
    let home = Home::new("ok");
    let message = "x".repeat(9000);
    for _ in 0..2 {
        let run = run_with_file_limit(&home, &["chat", &message]);
        assert_eq!(
            (run.code, run.stdout),
            (5, format!("echo: {message}\n")),
            "{}",
            run.stderr
        );
        let path = home.path("sessions/default.json");
        let told = format!(
            "warning: the answer is not stored, cannot write `{}`: the file is too large\n",
            path.display()
        );
        assert_eq!(run.stderr, told);
        assert!(!path.exists());
    }
    run_with_file_limit(&home, &["chat", "short"]).result();
}

/// Puts pipes in the place of files. Nobody writes to them, so reading would wait forever.
#[test]
fn refuses_pipe_in_place_of_file() {
    let home = Home::new("ok");
    fs::create_dir(home.path("sessions")).unwrap();
    mkfifoat(CWD, home.path("sessions/default.json"), Mode::RWXU).unwrap();
    let refused = |arguments: &[&str], name: &str| {
        let said = home.run(arguments).failure(1);
        assert!(
            said.ends_with(&format!("{name}`: it is not a regular file\n")),
            "{said}"
        );
    };
    refused(&["chat", "Hello!"], "default.json");
    refused(&["sessions", "show", "default"], "default.json");
    assert_eq!(home.run(&["sessions", "rm", "default"]).result(), "");
    pipe_in_the_place_of_locks(&home);
    fs::remove_file(home.path("config.json")).unwrap();
    mkfifoat(CWD, home.path("config.json"), Mode::RWXU).unwrap();
    refused(&["chat", "Hello!"], "config.json");
    refused(&["gateway", "--listen", "127.0.0.1:0"], "config.json");
}

fn pipe_in_the_place_of_locks(home: &Home) {
    mkfifoat(CWD, home.path("sessions/.locks"), Mode::RWXU).unwrap();
    let run = home.run(&["chat", "Hello!"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (5, "echo: Hello!\n"),
        "{}",
        run.stderr
    );
    fs::remove_file(home.path("sessions/.locks")).unwrap();
}

#[test]
fn refuses_pipe_in_place_of_secret() {
    let home = Home::new("ok");
    mkfifoat(CWD, home.path("gateway-token"), Mode::RWXU).unwrap();
    let said = home.run(&["gateway", "--listen", "0.0.0.0:0"]).failure(1);
    assert!(
        said.ends_with("gateway-token`: it is not a regular file\n"),
        "{said}"
    );
    let mut chat = home.command(&["chat", "Hello!"]);
    let run = Run::from(
        chat.env("SSL_CERT_FILE", home.path("gateway-token"))
            .output()
            .unwrap(),
    );
    let said = run.failure(1);
    assert!(
        said.ends_with("gateway-token`: it is not a regular file\n"),
        "{said}"
    );
}

#[test]
fn output_to_full_disk_is_an_error() {
    let home = Home::new("ok");
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["version"],
        &["help", "chat"],
        &["chat", "--help"],
        &["completions", "bash"],
        &["config", "path"],
        &["chat", "Hello!"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let run = Run::from(home.plain_command(arguments).stdout(full).output().unwrap());
        let said = "error: standard output cannot be written: no space left\n";
        assert_eq!((run.code, run.stderr.as_str()), (1, said), "{arguments:?}");
    }
}
