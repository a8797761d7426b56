//! What those see who check on the gateway.

use crate::client::Ask;
use crate::lab::{Lab, Plan};
use serde_json::json;

#[test]
fn many_probes_at_once_find_a_healthy_gateway_ready() {
    let lab = Lab::new("ok");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    assert_eq!(lab.send(Ask::get("/readyz")).status, 200);
                }
            });
        }
    });
}

#[test]
fn a_full_disk_is_not_ready_and_alive() {
    let lab = Plan::new("ok").disk_full().start();
    let ready = lab.send(Ask::get("/readyz"));
    assert_eq!(ready.status, 503);
    let expected =
        json!({ "status": "not ready", "config": true, "sessions": false, "shutting_down": false });
    assert_eq!(ready.json(), expected);
    assert_eq!(lab.send(Ask::get("/healthz")).status, 200);
    let answer = lab.say_in("full", "one", false);
    assert_eq!((answer.status, answer.header("x-clawft-stored")), (200, Some("false")));
    let left = |directory: &str| std::fs::read_dir(lab.file(directory)).map_or(0, Iterator::count);
    assert!(
        left("sessions") <= 1 && left("sessions/.locks") == 0,
        "nothing is left but the directory of locks"
    );
}
