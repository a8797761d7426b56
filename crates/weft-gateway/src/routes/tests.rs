//! Requests to the complete router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
    middleware::from_fn_with_state,
    routing::get,
};
use clawft_types::Secret;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::{answer, router};
use crate::{
    access::Access, settings::Settings, state::Shared, test_state, token::Token, work_limits::SMALL,
};

pub(crate) struct Gateway {
    pub(crate) shared: Shared,
    directory: TempDir,
}

pub(crate) struct TestResponse {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl TestResponse {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn gateway(access: Access, settings: Settings) -> Gateway {
    let (shared, directory) = test_state::new(access, settings);
    Gateway { shared, directory }
}

pub(crate) fn local() -> Gateway {
    gateway(Access::Local, Settings::default())
}

impl Gateway {
    pub(crate) async fn send(&self, request: Request<Body>) -> TestResponse {
        let response = router(self.shared.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        TestResponse {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    async fn get(&self, path: &str) -> TestResponse {
        self.ask("GET", path, "").await
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> TestResponse {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        let request = request.header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    fn session(&self, id: &str, json: &str) {
        let sessions = self.directory.path().join("sessions");
        std::fs::create_dir_all(&sessions).unwrap();
        std::fs::write(sessions.join(format!("{id}.json")), json).unwrap();
    }
}

#[tokio::test]
async fn serves_its_openapi_description() {
    let request = Request::get("/openapi.json").header("host", "localhost");
    let response = local().send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "application/json");
    let described = response.json();
    assert_eq!(described["openapi"], "3.1.0");
    assert!(described["paths"]["/v1/chat/completions"]["post"].is_object());
}

#[tokio::test]
async fn every_response_has_headers_and_identifier() {
    let gateway = local();
    for path in ["/", "/healthz", "/v1/models", "/nowhere"] {
        let response = gateway.get(path).await;
        assert_eq!(response.headers["x-content-type-options"], "nosniff", "{path}");
        assert!(
            response.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
        assert_eq!(response.headers["x-request-id"].len(), 24);
    }
    let request = Request::get("/healthz")
        .header("x-request-id", "mine")
        .body(Body::empty())
        .unwrap();
    assert_eq!(gateway.send(request).await.headers["x-request-id"], "mine");
}

#[tokio::test]
async fn lists_the_configured_model() {
    let gateway = local();
    let list = gateway.get("/v1/models").await.json();
    assert_eq!(
        (&list["object"], &list["data"][0]["id"]),
        (&"list".into(), &"team/small".into())
    );
    let model = gateway.get("/v1/models/team/small").await.json();
    assert_eq!(
        (&model["object"], &model["owned_by"]),
        (&"model".into(), &"local".into())
    );
    let response = gateway.get("/v1/models/other").await;
    assert_eq!(
        (response.status, &response.json()["error"]["code"]),
        (404, &"model_not_found".into())
    );
}

#[tokio::test]
async fn token_is_required_except_for_page_and_health() {
    let gateway = gateway(
        Access::Token(Token::new(&Secret::new("right"))),
        Settings::default(),
    );
    for path in [
        "/v1/models",
        "/v1/models/m",
        "/v1/sessions",
        "/v1/sessions/a",
        "/metrics",
    ] {
        let response = gateway.get(path).await;
        assert_eq!(
            (response.status, &response.headers["www-authenticate"]),
            (401, &"Bearer realm=\"clawft\"".parse().unwrap())
        );
    }
    assert_eq!(
        gateway.ask("POST", "/v1/chat/completions", "{").await.status,
        401,
        "the body is not looked at"
    );
    for path in ["/", "/healthz", "/readyz"] {
        assert_eq!(gateway.get(path).await.status, 200, "{path}");
    }
    let request = Request::get("/v1/models").header("authorization", "Bearer right");
    assert_eq!(
        gateway.send(request.body(Body::empty()).unwrap()).await.status,
        200
    );
}

#[tokio::test]
async fn refuses_foreign_pages_without_token() {
    let gateway = local();
    for path in ["/", "/v1/sessions", "/metrics"] {
        let request = Request::get(path)
            .header("host", "evil.example")
            .body(Body::empty())
            .unwrap();
        assert_eq!(gateway.send(request).await.status, 403, "{path}");
        let request = Request::get(path)
            .header("host", "localhost")
            .header("origin", "https://evil.example");
        assert_eq!(
            gateway.send(request.body(Body::empty()).unwrap()).await.status,
            403,
            "{path}"
        );
    }
    let form = Request::post("/v1/chat/completions").header("host", "localhost");
    let form = form
        .header("content-type", "text/plain")
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(gateway.send(form).await.status, 415);
}

#[tokio::test]
async fn lists_reads_and_deletes_sessions() {
    let gateway = local();
    assert_eq!(
        gateway.get("/v1/sessions").await.json()["data"],
        serde_json::json!([])
    );
    let messages = r#"[{"role":"user","content":"a title\nand more"},{"role":"assistant","content":"b","incomplete":true}]"#;
    gateway.session(
        "one",
        &format!(r#"{{"version":1,"id":"one","messages":{messages}}}"#),
    );
    gateway.session("broken", "{");
    let list = gateway.get("/v1/sessions").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let session = &list["data"][0];
    assert_eq!(
        (&session["id"], &session["title"], &session["messages"]),
        (&"one".into(), &"a title".into(), &2.into())
    );
    assert!(session["updated"].as_u64().unwrap() > 1_700_000_000);

    let read = gateway.get("/v1/sessions/one").await.json();
    assert_eq!(
        read["messages"][1],
        serde_json::json!({"role":"assistant","content":"b","incomplete":true})
    );
    assert_eq!(gateway.get("/v1/sessions/none").await.status, 404);
    assert_eq!(gateway.get("/v1/sessions/.hidden").await.status, 400);
    let damaged = gateway.get("/v1/sessions/broken").await;
    assert_eq!(damaged.status, 500);
    assert!(
        !String::from_utf8(damaged.body)
            .unwrap()
            .contains(gateway.directory.path().to_str().unwrap())
    );

    assert_eq!(
        gateway.ask("DELETE", "/v1/sessions/one", "").await.json()["deleted"],
        true
    );
    assert_eq!(gateway.ask("DELETE", "/v1/sessions/one", "").await.status, 404);
}

#[tokio::test]
async fn lists_newest_hundred_sessions_with_titles() {
    let gateway = local();
    let title = "é".repeat(100);
    for number in 0..103 {
        let id = format!("s{number:03}");
        let message = format!(r#"{{"role":"user","content":"  {title}"}}"#);
        gateway.session(
            &id,
            &format!(r#"{{"version":1,"id":"{id}","messages":[{message}]}}"#),
        );
        let path = gateway.directory.path().join(format!("sessions/{id}.json"));
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + number);
        std::fs::File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let list = gateway.get("/v1/sessions").await.json();
    let sessions = list["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 100);
    assert_eq!(
        (&sessions[0]["id"], &sessions[99]["id"]),
        (&"s102".into(), &"s003".into())
    );
    assert_eq!(
        (&sessions[0]["title"], &sessions[0]["updated"]),
        (&"é".repeat(80).into(), &1_000_102.into())
    );
}

/// Requests eight times as many lists at once as the gateway makes, of files that are too long to be read as
/// a whole.
#[tokio::test]
async fn answers_many_lists_of_long_sessions() {
    let gateway = Arc::new(local());
    let text = "a".repeat(1_000_000);
    for number in 0..5 {
        let message = format!(r#"{{"role":"user","content":"{number}\n{text}"}}"#);
        let id = format!("s{number}");
        gateway.session(
            &id,
            &format!(r#"{{"version":1,"id":"{id}","messages":[{message},{message}]}}"#),
        );
    }
    let lists: Vec<_> = (0..40)
        .map(|_| {
            let gateway = Arc::clone(&gateway);
            tokio::spawn(async move { gateway.get("/v1/sessions").await })
        })
        .collect();
    for list in lists {
        let response = list.await.unwrap();
        let sessions = response.json()["data"].as_array().unwrap().clone();
        let mut titles: Vec<_> = sessions
            .iter()
            .map(|session| session["title"].as_str().unwrap())
            .collect();
        titles.sort_unstable();
        assert_eq!((response.status, titles), (200, vec!["0", "1", "2", "3", "4"]));
        assert!(sessions.iter().all(|session| session["messages"] == 2));
    }
}

#[tokio::test]
async fn ready_needs_config_sessions_and_no_shutdown() {
    let gateway = local();
    let response = gateway.get("/readyz").await;
    assert_eq!(
        (response.status, &response.json()["status"]),
        (200, &"ready".into())
    );
    assert_eq!(
        std::fs::read_dir(gateway.directory.path().join("sessions"))
            .unwrap()
            .count(),
        0,
        "nothing is left"
    );
    gateway.shared.draining.cancel();
    assert_eq!(gateway.get("/readyz").await.json()["shutting_down"], true);
    let response = gateway
        .ask(
            "POST",
            "/v1/chat/completions",
            r#"{"messages":[{"role":"user","content":"a"}]}"#,
        )
        .await;
    assert_eq!(
        (response.status, &response.headers["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    assert_eq!(gateway.get("/healthz").await.status, 200);

    let gateway = local();
    std::fs::write(gateway.directory.path().join("config.json"), "{").unwrap();
    let response = gateway.get("/readyz").await;
    assert_eq!(
        (
            response.status,
            &response.json()["config"],
            &response.json()["sessions"]
        ),
        (503, &false.into(), &true.into())
    );
}

#[tokio::test]
async fn unknown_path_or_method_is_json_error() {
    let gateway = local();
    let response = gateway.get("/v1/nothing").await;
    assert_eq!(
        (response.status, &response.json()["error"]["code"]),
        (404, &"not_found".into())
    );
    let response = gateway.get("/v1/chat/completions").await;
    assert_eq!(
        (response.status, &response.json()["error"]["code"]),
        (405, &"method_not_allowed".into())
    );
}

#[tokio::test]
async fn refuses_path_that_is_not_utf8() {
    let gateway = local();
    for (method, path) in [
        ("GET", "/v1/sessions/%ff"),
        ("DELETE", "/v1/sessions/%ff"),
        ("GET", "/v1/models/a/%ff"),
    ] {
        let response = gateway.ask(method, path, "").await;
        assert_eq!(
            (response.status, &response.json()["error"]["code"]),
            (400, &"bad_request".into()),
            "{path}"
        );
        assert_eq!(response.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn refuses_two_host_headers() {
    let gateway = local();
    for path in ["/", "/healthz", "/v1/models", "/nowhere"] {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("host", "localhost");
        let response = gateway.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (response.status, &response.json()["error"]["code"]),
            (400, &"bad_request".into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn refuses_body_over_the_limit() {
    let gateway = gateway(
        Access::Local,
        Settings {
            max_body_bytes: 10,
            ..Settings::default()
        },
    );
    let response = gateway.ask("POST", "/v1/chat/completions", "{          }").await;
    assert_eq!(
        (response.status, &response.json()["error"]["code"]),
        (413, &"request_too_large".into())
    );
}

/// Returns a request that takes long to read, and is wrong at its end. It is twice as large as those that are read at
/// once.
fn hostile() -> String {
    let empty = r#"{"role":"user","content":""}"#;
    let count = 2 * SMALL / empty.len();
    format!(
        r#"{{"model":"clawft","messages":[{}]}}"#,
        vec![empty; count].join(",") + r#",{"role":"assistant","content":"a"}"#
    )
}

/// Sends large requests while small ones are answered. All asynchronous work runs on this test's one thread.
#[tokio::test]
async fn large_requests_delay_nobody() {
    let gateway = Arc::new(local());
    let body = hostile();
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let gateway = Arc::clone(&gateway);
            let body = body.clone();
            tokio::spawn(async move { gateway.ask("POST", "/v1/chat/completions", &body).await.status })
        })
        .collect();
    let mut answered = 0;
    while !asked.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(gateway.get("/healthz").await.status, 200);
        answered += 1;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    for one in asked {
        assert_eq!(one.await.unwrap(), 400);
    }
    // If requests were parsed on this thread, fewer could be answered meanwhile.
    assert!(answered > 2 * 8, "{answered}");
}

#[tokio::test]
async fn session_takes_one_message_at_a_time() {
    let gateway = local();
    let send = async |session: &str, messages: &str| {
        let request = Request::post("/v1/chat/completions").header("host", "localhost");
        let request = request
            .header("content-type", "application/json")
            .header("x-clawft-session", session);
        gateway
            .send(
                request
                    .body(Body::from(format!(r#"{{"messages":{messages}}}"#)))
                    .unwrap(),
            )
            .await
    };
    let two =
        r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]"#;
    let response = send("one", two).await;
    assert_eq!(
        (response.status, &response.json()["error"]["param"]),
        (400, &"messages".into())
    );
    assert_eq!(
        send("../one", r#"[{"role":"user","content":"a"}]"#).await.status,
        400
    );
}

#[tokio::test]
async fn counts_requests_and_answers() {
    let gateway = local();
    gateway.get("/v1/models/a").await;
    gateway.get("/v1/models/b").await;
    gateway.get("/anything").await;
    let response = gateway.get("/metrics").await;
    assert_eq!(response.status, StatusCode::OK);
    let text = String::from_utf8(response.body).unwrap();
    let models = "clawft_requests_total{method=\"GET\",route=\"/v1/models/{*id}\",status=\"404\"} 2";
    assert!(text.contains(models), "{text}");
    assert!(text.contains("route=\"none\",status=\"404\"} 1"), "{text}");
}

#[tokio::test]
async fn answers_after_a_panic() {
    async fn panics() {
        panic!("what somebody said");
    }
    let gateway = local();
    let observed = from_fn_with_state(gateway.shared.clone(), answer);
    let router: Router = Router::new().route("/panic", get(panics)).layer(observed);
    let response = router
        .oneshot(Request::get("/panic").body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&body).contains("somebody"));
}

#[tokio::test]
async fn unknown_paths_are_errors_in_dialect_of_client() {
    let gateway = local();
    let ask = |method: &str, path: &str, anthropic: bool| {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        if anthropic {
            request = request.header("anthropic-version", "2023-06-01");
        }
        gateway.send(request.body(Body::empty()).unwrap())
    };
    for (method, path, anthropic, status, kind, message) in [
        (
            "POST",
            "/v1/files",
            false,
            404,
            "invalid_request_error",
            "there is no path `/v1/files`, `/openapi.json`",
        ),
        (
            "GET",
            "/v1/files",
            true,
            404,
            "not_found_error",
            "there is no path `/v1/files`",
        ),
        (
            "GET",
            "/v1/messages/batches",
            false,
            404,
            "not_found_error",
            "`/v1/messages/batches`",
        ),
        (
            "GET",
            "/v1/messages",
            false,
            405,
            "invalid_request_error",
            "`/v1/messages` does not have the method `GET`",
        ),
        (
            "PUT",
            "/v1/responses",
            false,
            405,
            "invalid_request_error",
            "does not have the method `PUT`",
        ),
        (
            "GET",
            "/v1/models/none",
            true,
            404,
            "not_found_error",
            "`/v1/models` lists",
        ),
    ] {
        let response = ask(method, path, anthropic).await;
        let body = response.json();
        assert_eq!(
            (response.status, &body["error"]["type"]),
            (status, &kind.into()),
            "{path}"
        );
        assert!(
            body["error"]["message"].as_str().unwrap().contains(message),
            "{body}"
        );
        let is_anthropic = anthropic || path.starts_with("/v1/messages");
        assert_eq!(body["type"] == "error", is_anthropic, "{body}");
    }
    let long = ask("GET", &format!("/{}", "a".repeat(5000)), false).await;
    assert!(long.body.len() < 300);
}
