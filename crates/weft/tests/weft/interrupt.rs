//! Ctrl-C, which is the signal SIGINT, and the signals that end a process.

use std::{fs, io::Read as _, process::Child, time::Instant};

use rustix::process::{Pid, Signal, kill_process};
use weft_agent::limits::ignores_hangup;

use crate::common::{Home, MAX_WAIT, Run, eventually};

fn interrupt(child: &Child) {
    send(child, Signal::INT);
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits for the first text of the answer.
fn first_piece(child: &mut Child) -> String {
    let mut bytes = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn ctrl_c_keeps_received_text() {
    let home = Home::new("stream-slow");
    let mut child = home.spawn(&["chat", "one two three four five six seven eight nine ten"]);
    let begun = first_piece(&mut child);
    interrupt(&child);
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, 130);
    assert_eq!(run.stderr, "warning: the answer is incomplete: it was stopped\n");
    let answer = home.session("default").messages.pop().unwrap();
    assert!(answer.incomplete && !answer.content.contains("ten"));
    assert_eq!(begun + &run.stdout, answer.content + "\n");
}

/// `timeout` sends both, and a shell does for a job that was suspended.
#[test]
fn keeps_ctrl_c_when_process_is_resumed() {
    for _ in 0..5 {
        let home = Home::new("stream-slow");
        let mut child = home.spawn(&["chat", "one two three four five six seven eight nine ten"]);
        first_piece(&mut child);
        send(&child, Signal::STOP);
        interrupt(&child);
        send(&child, Signal::CONT);
        assert_eq!(Run::from(child.wait_with_output().unwrap()).code, 130);
    }
}

#[test]
fn ctrl_c_before_answer_stores_nothing() {
    let home = Home::new("silent");
    let child = home.spawn(&["chat", "Hello!"]);
    home.wait_for_request();
    interrupt(&child);
    let said = Run::from(child.wait_with_output().unwrap()).failure(130);
    assert_eq!(said, "error: stopped before an answer had arrived\n");
    assert!(!home.path("sessions").exists());
}

#[test]
fn ctrl_c_does_not_wait_for_next_attempt() {
    let home = Home::new("retry-after-1");
    let child = home.spawn(&["chat", "Hello!"]);
    home.wait_for_request();
    interrupt(&child);
    let said = Run::from(child.wait_with_output().unwrap()).failure(130);
    assert_eq!(said, "error: stopped before an answer had arrived\n");
}

#[test]
fn second_ctrl_c_ends_immediately() {
    let home = Home::new("stream-slow");
    let mut child = home.spawn(&["chat", "one two three four five six seven eight nine ten"]);
    first_piece(&mut child);
    // Another process holds the lock and does not release it.
    fs::create_dir_all(home.path("sessions/.locks")).unwrap();
    fs::write(home.path("sessions/.locks/default.json+1"), "").unwrap();
    let begun = Instant::now();
    interrupt(&child);
    // Two signals at the same moment would count as one.
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it waits for the lock");
    interrupt(&child);
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(130));
    assert!(begun.elapsed().as_secs() < 3 && begun.elapsed() < MAX_WAIT);
    eventually(|| !home.path("sessions/default.json").exists());
}

#[test]
fn ending_signals_keep_received_text() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let home = Home::new("stream-slow");
        let mut child = home.spawn(&["chat", "one two three four five six seven eight nine ten"]);
        let begun = first_piece(&mut child);
        send(&child, signal);
        let run = Run::from(child.wait_with_output().unwrap());
        // Below `nohup` these tests ignore it, and so do the programs that they start.
        if signal == Signal::HUP && ignores_hangup() {
            assert_eq!(run.code, 0);
            continue;
        }
        assert_eq!(run.code, code);
        assert_eq!(run.stderr, "warning: the answer is incomplete: it was stopped\n");
        let answer = home.session("default").messages.pop().unwrap();
        assert!(answer.incomplete && !answer.content.contains("ten"));
        assert_eq!(begun + &run.stdout, answer.content + "\n");
    }
}

#[test]
fn ending_signal_before_answer_ends_without_one() {
    let home = Home::new("silent");
    let child = home.spawn(&["chat", "Hello!"]);
    home.wait_for_request();
    send(&child, Signal::TERM);
    let said = Run::from(child.wait_with_output().unwrap()).failure(143);
    assert_eq!(said, "error: stopped before an answer had arrived\n");
}

#[test]
fn second_ending_signal_ends_immediately() {
    let home = Home::new("stream-slow");
    let mut child = home.spawn(&["chat", "one two three four five six seven eight nine ten"]);
    first_piece(&mut child);
    fs::create_dir_all(home.path("sessions/.locks")).unwrap();
    fs::write(home.path("sessions/.locks/default.json+1"), "").unwrap();
    send(&child, Signal::TERM);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it waits for the lock");
    send(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "nohup runs the program of this package")]
fn hangup_that_is_ignored_ends_no_answer() {
    let home = Home::new("stream-slow");
    let message = "one two three four five six seven eight nine ten";
    let weft = home.command(&["chat", message]);
    let mut nohup = std::process::Command::new("nohup");
    nohup.arg(weft.get_program()).args(weft.get_args());
    nohup.envs(weft.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = nohup
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    first_piece(&mut child);
    send(&child, Signal::HUP);
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(!home.session("default").messages.pop().unwrap().incomplete);
}
