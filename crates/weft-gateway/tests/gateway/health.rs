//! Health checks, as their callers see them.

use serde_json::json;

use crate::{
    client::Request,
    context::{GatewayOptions, TestContext},
};

#[test]
fn simultaneous_probes_find_gateway_ready() {
    let context = TestContext::new("ok");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    assert_eq!(context.send(Request::get("/readyz")).status, 200);
                }
            });
        }
    });
}

#[test]
fn full_disk_is_alive_but_not_ready() {
    let context = GatewayOptions::new("ok").disk_full().start();
    let ready = context.send(Request::get("/readyz"));
    assert_eq!(ready.status, 503);
    let expected =
        json!({ "status": "not ready", "config": true, "sessions": false, "shutting_down": false });
    assert_eq!(ready.json(), expected);
    assert_eq!(context.send(Request::get("/healthz")).status, 200);
    let answer = context.say_in("full", "one", false);
    assert_eq!(
        (answer.status, answer.header("x-clawft-stored")),
        (200, Some("false"))
    );
    let left = |directory: &str| std::fs::read_dir(context.file(directory)).map_or(0, Iterator::count);
    assert!(
        left("sessions") <= 1 && left("sessions/.locks") == 0,
        "nothing is left but the directory of locks"
    );
}
