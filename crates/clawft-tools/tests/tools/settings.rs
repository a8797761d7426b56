//! Reading `tools`.

use serde_json::json;

use crate::memory::settings;

#[test]
fn errors_name_the_field() {
    for (tools, message) in [
        (json!([]), "tools: expected an object, found an array"),
        (
            json!({"files": true}),
            "tools.files: expected an object, found a boolean",
        ),
        (
            json!({"files": {"write": "yes"}}),
            "tools.files.write: expected true or false, found a string",
        ),
        (json!({"fetch": {}}), "tools.fetch.allow: missing"),
        (
            json!({"fetch": {"allow": "x"}}),
            "tools.fetch.allow: expected an array, found a string",
        ),
        (
            json!({"fetch": {"allow": [], "methods": ["get"]}}),
            "tools.fetch.methods.0: expected `GET`, `POST`, `PUT`, `PATCH` or `DELETE`",
        ),
        (
            json!({"fetch": {"allow": [], "max_bytes": 0}}),
            "tools.fetch.max_bytes: expected a whole number from 1 to 100000000",
        ),
        (
            json!({"fetch": {"allow": [], "timeout_secs": 1000}}),
            "tools.fetch.timeout_secs: expected a whole number from 1 to 600",
        ),
        (
            json!({"notes": 1}),
            "tools.notes: expected true or false, found a number",
        ),
        (
            json!({"permissions": {"a": "yes"}}),
            "tools.permissions.a: expected `allow`, `ask` or `deny`",
        ),
        (
            json!({"permissions": []}),
            "tools.permissions: expected an object, found an array",
        ),
    ] {
        assert_eq!(settings(&tools).unwrap_err(), message, "{tools}");
    }
}

#[test]
fn origins_of_settings_are_checked() {
    for origin in [
        "",
        "example.com",
        "https://",
        "https://example.com/path",
        "https://example.com?q",
        "https://u@example.com",
        "ftp://example.com",
        "https://*example.com",
        "https://a.*.com",
        "https://*.",
        "*",
        "https://example.com:x",
        "https://example.com#f",
    ] {
        let read = settings(&json!({"fetch": {"allow": [origin]}}));
        assert!(
            read.unwrap_err()
                .starts_with("tools.fetch.allow.0: expected an origin"),
            "{origin}"
        );
    }
    for origin in [
        "https://example.com",
        "HTTP://Example.com:8080/",
        "https://*.example.com",
        "https://*",
        "http://*:8080",
        "http://127.0.0.1:8080",
        "http://[::1]",
    ] {
        assert!(
            settings(&json!({"fetch": {"allow": [origin]}})).is_ok(),
            "{origin}"
        );
    }
}

#[test]
fn nothing_is_offered_by_default() {
    let read = settings(&json!(null)).unwrap();
    assert_eq!(read, clawft_tools::Settings::default());
    assert!(read.files.is_none() && read.fetch.is_none() && !read.notes && !read.run_command);
}
