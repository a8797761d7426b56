//! The end of the gateway, and of the running answers.

use std::{fs, time::Duration};

use rustix::process::Signal;

use crate::{
    client::Request,
    context::{GatewayOptions, TestContext},
    upstream::HeldProvider,
};

/// The time that running answers may take to complete; the gateway ends earlier without them.
const GRACE: Duration = Duration::from_secs(7);

#[test]
fn waits_for_stream_to_end() {
    let held = HeldProvider::new();
    let context = GatewayOptions::held(&held).start();
    let mut answer = context.say("hi", true);
    answer.some_events();
    context.signal(Signal::TERM);
    context.logged("\"event\":\"stopping\"");
    let ready = context.send(Request::get("/readyz"));
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["shutting_down"], true);
    assert_eq!(context.say("hi", false).status, 503);
    held.release();
    let text = answer.text();
    assert!(
        text.contains(HeldProvider::REST) && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
    let (status, _, log) = context.end();
    assert_eq!(status.code(), Some(0));
    assert!(
        log.contains("\"event\":\"stopped\"") && !log.contains("cancelling"),
        "{log}"
    );
}

#[test]
fn cuts_and_stores_endless_answer() {
    let context = GatewayOptions::new("stream-stalled").timeout(60).start();
    let mut answer = context.say_in("cut", "one two three four", true);
    answer.some_events();
    context.signal(Signal::INT);
    assert!(answer.text().contains("the answer is incomplete"));
    context.session("cut", |session| session["messages"][1]["incomplete"] == true);
    let (status, took, log) = context.end();
    assert_eq!(status.code(), Some(0));
    assert!(
        took < Duration::from_secs(10) && log.contains("\"event\":\"cancelling\""),
        "{log}"
    );
}

#[test]
fn ends_immediately_when_idle() {
    let context = TestContext::new("ok");
    let idle = std::net::TcpStream::connect(context.address).expect("a gateway");
    assert_eq!(context.send(Request::get("/healthz")).status, 200);
    context.signal(Signal::TERM);
    let (status, took, _) = context.end();
    assert!(status.success() && took < GRACE, "{took:?}");
    drop(idle);
}

#[test]
fn second_signal_ends_it_immediately() {
    let context = GatewayOptions::new("silent").timeout(60).start();
    let address = context.address;
    std::thread::spawn(move || {
        let body = crate::context::message("hi", false);
        std::panic::catch_unwind(|| Request::chat(&body).send(address).status).ok()
    });
    while context.received().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    context.signal(Signal::TERM);
    context.logged("\"event\":\"stopping\"");
    context.signal(Signal::TERM);
    let (status, took, _) = context.end();
    assert!(status.code() == Some(130) && took < GRACE, "{status} {took:?}");
}

#[test]
fn hang_up_reloads_the_configuration() {
    let context = TestContext::new("ok");
    let path = context.file("config.json");
    let config = fs::read_to_string(&path).expect("a config");
    fs::write(&path, config.replace("test-model", "new-model")).expect("a config");
    context.signal(Signal::HUP);
    context.logged("\"event\":\"reloaded\"");
    assert_eq!(
        context.send(Request::get("/v1/models")).json()["data"][0]["id"],
        "new-model"
    );
    fs::write(&path, "{").expect("a config");
    context.signal(Signal::HUP);
    context.logged("is not read again");
    assert_eq!(
        context.send(Request::get("/v1/models")).json()["data"][0]["id"],
        "new-model",
        "the old one stays"
    );
    assert_eq!(context.send(Request::get("/readyz")).status, 503);
}
