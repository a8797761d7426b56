//! How the gateway ends, and what becomes of the answers in the making.

use crate::client::Ask;
use crate::lab::{Lab, Plan};
use crate::upstream::HeldProvider;
use rustix::process::Signal;
use std::fs;
use std::time::Duration;

/// How long answers in the making may take to end by themselves: what has none to wait for takes less.
const GRACE: Duration = Duration::from_secs(7);

#[test]
fn a_stream_comes_to_its_end_before_the_gateway_does() {
    let held = HeldProvider::new();
    let lab = Plan::held(&held).start();
    let mut answer = lab.say("hi", true);
    answer.some_events();
    lab.signal(Signal::TERM);
    lab.logged("\"event\":\"stopping\"");
    let ready = lab.send(Ask::get("/readyz"));
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["shutting_down"], true);
    assert_eq!(lab.say("hi", false).status, 503);
    held.release();
    let text = answer.text();
    assert!(text.contains(HeldProvider::REST) && text.ends_with("data: [DONE]\n\n"), "{text}");
    let (status, _, log) = lab.end();
    assert_eq!(status.code(), Some(0));
    assert!(log.contains("\"event\":\"stopped\"") && !log.contains("cancelling"), "{log}");
}

#[test]
fn an_answer_without_end_is_cut_and_kept() {
    let lab = Plan::new("stream-stalled").timeout(60).start();
    let mut answer = lab.say_in("cut", "one two three four", true);
    answer.some_events();
    lab.signal(Signal::INT);
    assert!(answer.text().contains("the answer is incomplete"));
    lab.session("cut", |session| session["messages"][1]["incomplete"] == true);
    let (status, took, log) = lab.end();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10) && log.contains("\"event\":\"cancelling\""), "{log}");
}

#[test]
fn idle_it_ends_at_once_and_leaves_no_connection_hanging() {
    let lab = Lab::new("ok");
    let idle = std::net::TcpStream::connect(lab.address).expect("a gateway");
    assert_eq!(lab.send(Ask::get("/healthz")).status, 200);
    lab.signal(Signal::TERM);
    let (status, took, _) = lab.end();
    assert!(status.success() && took < GRACE, "{took:?}");
    drop(idle);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let lab = Plan::new("silent").timeout(60).start();
    let address = lab.address;
    std::thread::spawn(move || {
        let body = crate::lab::message("hi", false);
        std::panic::catch_unwind(|| Ask::chat(&body).send(address).status).ok()
    });
    while lab.received().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    lab.signal(Signal::TERM);
    lab.logged("\"event\":\"stopping\"");
    lab.signal(Signal::TERM);
    let (status, took, _) = lab.end();
    assert!(status.code() == Some(130) && took < GRACE, "{status} {took:?}");
}

#[test]
fn a_hang_up_reads_the_configuration_again() {
    let lab = Lab::new("ok");
    let path = lab.file("config.json");
    let config = fs::read_to_string(&path).expect("a config");
    fs::write(&path, config.replace("lab-model", "new-model")).expect("a config");
    lab.signal(Signal::HUP);
    lab.logged("\"event\":\"reloaded\"");
    assert_eq!(lab.send(Ask::get("/v1/models")).json()["data"][0]["id"], "new-model");
    fs::write(&path, "{").expect("a config");
    lab.signal(Signal::HUP);
    lab.logged("is not read again");
    assert_eq!(lab.send(Ask::get("/v1/models")).json()["data"][0]["id"], "new-model", "the old one stays");
    assert_eq!(lab.send(Ask::get("/readyz")).status, 503);
}
