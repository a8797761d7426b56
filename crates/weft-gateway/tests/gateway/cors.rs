//! Pages of other origins.

use serde_json::json;

use crate::{
    client::{Request, Response},
    context::{GatewayOptions, TestContext, message},
};

const PAGE: &str = "http://localhost:5173";

fn preflight(context: &TestContext, origin: &str) -> Response {
    let request = Request::options("/v1/chat/completions").header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    context.send(request.header("access-control-request-headers", "authorization, content-type"))
}

fn chat(context: &TestContext, origin: &str) -> Response {
    context.send(Request::chat(&message("hi", false)).header("origin", origin))
}

#[test]
fn configured_origin_may_send_requests() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "cors_origins": [PAGE] }))
        .start();
    let answer = preflight(&context, PAGE);
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (204, Some(PAGE))
    );
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization, content-type")
    );
    assert!(
        answer
            .header("access-control-allow-methods")
            .is_some_and(|methods| methods.contains("POST"))
    );
    let answer = chat(&context, PAGE);
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (200, Some(PAGE))
    );
    assert_eq!(answer.header("vary"), Some("origin"));
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
}

#[test]
fn other_origins_may_not() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "cors_origins": [PAGE] }))
        .start();
    for origin in ["https://evil.example", "http://localhost:5174", "null"] {
        assert_eq!(
            preflight(&context, origin).header("access-control-allow-origin"),
            None
        );
        let answer = chat(&context, origin);
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (403, None)
        );
    }
}

#[test]
fn any_origin_needs_a_token() {
    let any = json!({ "cors_origins": ["*"] });
    let context = GatewayOptions::new("ok").gateway(any).start();
    assert_eq!(chat(&context, PAGE).status, 403);
    let any = json!({ "cors_origins": ["*"], "token": "the-gateways-own-token" });
    let context = GatewayOptions::new("ok").gateway(any).start();
    let refused = chat(&context, PAGE);
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some(PAGE))
    );
    let request = Request::chat(&message("hi", false)).header("origin", PAGE);
    let answer = context.send(request.header("authorization", "Bearer the-gateways-own-token"));
    assert_eq!(answer.status, 200);
}
