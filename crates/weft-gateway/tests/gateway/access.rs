//! Who is let in.

use crate::client::Ask;
use crate::lab::{Lab, Plan, message};
use serde_json::json;
use std::fs;

#[test]
fn beyond_loopback_a_token_is_made_for_its_owner_alone() {
    let lab = Plan::new("ok").listen("0.0.0.0:0").start();
    let path = lab.file("gateway-token");
    let token = fs::read_to_string(&path).expect("a token");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let line = lab.logged("\"event\":\"listening\"");
    assert!(line.contains(path.to_str().expect("a path")) && line.contains("\"token\":\"made\""), "{line}");

    let without = lab.say("hi", false);
    assert_eq!((without.status, without.header("www-authenticate")), (401, Some("Bearer realm=\"clawft\"")));
    let chat = |bearer: &str| lab.send(Ask::chat(&message("hi", false)).header("authorization", bearer));
    assert_eq!(chat("Bearer wrong").json()["error"]["code"], "invalid_api_key");
    assert_eq!(chat(&format!("Bearer {}", token.trim())).status, 200);
    assert!(lab.received().len() == 1, "who has no token reaches nobody");
    for path in ["/", "/healthz", "/readyz"] {
        assert_eq!(lab.send(Ask::get(path)).status, 200, "{path}");
    }
}

#[test]
fn a_token_that_is_given_counts_on_loopback_too() {
    let lab = Plan::new("ok").gateway(json!({ "token": "whisper-token" })).start();
    assert_eq!(lab.send(Ask::get("/v1/models")).status, 401);
    let with = Ask::get("/v1/models").header("authorization", "Bearer whisper-token");
    assert_eq!(lab.send(with).status, 200);
    assert!(!lab.file("gateway-token").exists());
}

#[test]
fn without_a_token_foreign_pages_are_refused() {
    let lab = Lab::new("ok");
    let chat = || Ask::chat(&message("hi", false));
    assert_eq!(lab.send(chat().header("host", "rebound.example")).status, 403);
    assert_eq!(lab.send(chat().header("origin", "https://evil.example")).status, 403);
    assert_eq!(lab.send(chat().header("sec-fetch-site", "cross-site")).status, 403);
    assert!(lab.received().is_empty());
    let own = format!("http://{}", lab.address);
    assert_eq!(lab.send(chat().header("origin", &own)).status, 200);
    let read = lab.send(Ask::get("/v1/models"));
    assert_eq!(read.header("access-control-allow-origin"), None);
}

#[test]
fn the_page_comes_with_a_policy_and_a_tag() {
    let lab = Lab::new("ok");
    let page = lab.send(Ask::get("/"));
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    let tag = page.header("etag").expect("a tag").to_owned();
    assert!(page.text().starts_with("<!doctype html>"));
    let again = lab.send(Ask::get("/").header("if-none-match", &tag));
    assert_eq!((again.status, again.text()), (304, String::new()));
}

#[test]
fn what_should_be_changed_is_warned_of_at_the_start() {
    let lab = Plan::new("ok").listen("0.0.0.0:0").variable("CLAWFT_TOKEN", "whisper").start();
    lab.logged("the token has less than 16 characters");
    let lab = Plan::new("ok").listen("0.0.0.0:0").variable("CLAWFT_TOKEN", "whisper-whisper-whisper").start();
    assert_eq!(lab.send(Ask::get("/healthz")).status, 200);
    assert!(!lab.log().contains("warning"), "{}", lab.log());
}
