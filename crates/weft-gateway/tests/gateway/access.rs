//! Access to the gateway.

use std::fs;

use serde_json::json;

use crate::{
    client::Request,
    context::{GatewayOptions, TestContext, message},
};

#[test]
fn generates_token_beyond_loopback() {
    let context = GatewayOptions::new("ok").listen("0.0.0.0:0").start();
    let path = context.file("gateway-token");
    let token = fs::read_to_string(&path).expect("a token");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&path).expect("a file").permissions().mode() & 0o777,
            0o600
        );
    }
    let line = context.logged("\"event\":\"listening\"");
    assert!(
        line.contains(path.to_str().expect("a path")) && line.contains("\"token\":\"made\""),
        "{line}"
    );

    let without = context.say("hi", false);
    assert_eq!(
        (without.status, without.header("www-authenticate")),
        (401, Some("Bearer realm=\"clawft\""))
    );
    let chat =
        |bearer: &str| context.send(Request::chat(&message("hi", false)).header("authorization", bearer));
    assert_eq!(chat("Bearer wrong").json()["error"]["code"], "invalid_api_key");
    assert_eq!(chat(&format!("Bearer {}", token.trim())).status, 200);
    assert!(context.received().len() == 1, "who has no token reaches nobody");
    for path in ["/", "/healthz", "/readyz"] {
        assert_eq!(context.send(Request::get(path)).status, 200, "{path}");
    }
}

#[test]
fn configured_token_counts_on_loopback() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "token": "whisper-token" }))
        .start();
    assert_eq!(context.send(Request::get("/v1/models")).status, 401);
    let with = Request::get("/v1/models").header("authorization", "Bearer whisper-token");
    assert_eq!(context.send(with).status, 200);
    assert!(!context.file("gateway-token").exists());
}

#[test]
fn refuses_foreign_pages_without_token() {
    let context = TestContext::new("ok");
    let chat = || Request::chat(&message("hi", false));
    assert_eq!(context.send(chat().header("host", "rebound.example")).status, 403);
    assert_eq!(
        context
            .send(chat().header("origin", "https://evil.example"))
            .status,
        403
    );
    assert_eq!(
        context.send(chat().header("sec-fetch-site", "cross-site")).status,
        403
    );
    assert!(context.received().is_empty());
    let own = format!("http://{}", context.address);
    assert_eq!(context.send(chat().header("origin", &own)).status, 200);
    let read = context.send(Request::get("/v1/models"));
    assert_eq!(read.header("access-control-allow-origin"), None);
}

#[test]
fn page_has_policy_and_entity_tag() {
    let context = TestContext::new("ok");
    let page = context.send(Request::get("/"));
    let policy = page
        .header("content-security-policy")
        .expect("a policy")
        .to_owned();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let tag = page.header("etag").expect("a tag").to_owned();
    let html = page.text();
    assert!(html.starts_with("<!doctype html>"));
    let script = html
        .split('"')
        .find(|text| text.ends_with("/main.js"))
        .expect("a script");
    let script = context.send(Request::get(&format!("/{script}")));
    assert_eq!(
        (script.status, script.header("content-encoding")),
        (200, Some("gzip"))
    );
    assert_eq!(context.send(Request::get("/page/0/main.js")).status, 404);
    let again = context.send(Request::get("/").header("if-none-match", &tag));
    assert_eq!((again.status, again.text()), (304, String::new()));
}

#[test]
fn warns_of_unsafe_settings_at_start() {
    let context = GatewayOptions::new("ok")
        .listen("0.0.0.0:0")
        .variable("CLAWFT_TOKEN", "whisper")
        .start();
    context.logged("the token has less than 16 characters");
    let context = GatewayOptions::new("ok")
        .listen("0.0.0.0:0")
        .variable("CLAWFT_TOKEN", "whisper-whisper-whisper")
        .start();
    assert_eq!(context.send(Request::get("/healthz")).status, 200);
    assert!(!context.log().contains("warning"), "{}", context.log());
}
