//! The platform on a real directory. There is no HTTP natively, so every turn that sends a request ends with
//! an error.

mod turns;

use std::time::Duration;

use clawft_store::Sessions;
use clawft_types::{Config, SessionId};
use tempfile::TempDir;

use super::{BASE_VARIABLE, Error, WasmPlatform, shows_key};
use crate::{env::WasiEnvironment, fs::WasiFileSystem};

const CONFIG: &str = r#"{"agents":{"model":"m"},"providers":{"providers":{"openai":{"api_key_env":"KEY"}}}}"#;

fn platform(config: &str) -> (TempDir, WasmPlatform) {
    let dir = TempDir::new().unwrap();
    let mut env = WasiEnvironment::new();
    env.set("KEY", "sk-secret");
    env.set(BASE_VARIABLE, dir.path().to_str().unwrap());
    let platform = WasmPlatform::with_env(env);
    platform.fs().write_string("config.json", config).unwrap();
    (dir, platform)
}

fn failure(platform: &WasmPlatform, message: &str) -> String {
    let text = platform
        .answer(SessionId::default(), message, &mut |_| {})
        .unwrap_err()
        .to_string();
    assert!(!text.contains("sk-secret"));
    text
}

#[test]
fn turn_without_http_is_an_error() {
    let (_dir, platform) = platform(CONFIG);
    assert!(failure(&platform, "hello").starts_with("HTTP unavailable: "));
    assert!(
        !platform.fs().exists("sessions"),
        "nothing is stored without an answer"
    );
}

#[test]
fn error_names_the_missing_config() {
    let (dir, platform) = platform(CONFIG);
    platform.fs().remove_file("config.json").unwrap();
    let path = dir.path().join("config.json");
    assert_eq!(
        failure(&platform, "hello"),
        format!("cannot read `{}`: no such file or directory", path.display())
    );
}

#[test]
fn error_tells_how_to_grant_the_base() {
    let platform = WasmPlatform::with_config("/no/such/base", Duration::from_secs(1));
    let text = failure(&platform, "hello");
    assert!(
        text.starts_with("cannot read `/no/such/base/config.json`: no such file"),
        "{text}"
    );
    assert!(text.contains("--dir HOST::/config"), "{text}");
}

#[test]
fn error_names_position_in_broken_config() {
    let (dir, platform) = platform("{\n  \"agents\": }");
    let text = failure(&platform, "hello");
    assert!(
        text.starts_with(&format!("{}/config.json:2:", dir.path().display())),
        "{text}"
    );
}

#[test]
fn refuses_an_empty_message() {
    let (_dir, platform) = platform(CONFIG);
    let answer = platform.answer(SessionId::default(), " \n", &mut |_| {});
    assert!(matches!(answer, Err(Error::Input(_))));
}

#[test]
fn error_names_variable_of_missing_key() {
    let (dir, _platform) = platform(CONFIG);
    let base = dir.path().to_str().unwrap();
    let platform = WasmPlatform {
        sessions: Sessions::new(WasiFileSystem::with_base_path(base)),
        env: WasiEnvironment::new(),
        timeout: None,
        model: None,
        stream: None,
        configuration: None,
    };
    assert!(failure(&platform, "hello").contains("`KEY`"));
}

#[test]
fn damaged_session_stays_without_an_answer() {
    let (_dir, platform) = platform(CONFIG);
    platform
        .fs()
        .write_string("sessions/default.json", "{\"version\":1,")
        .unwrap();
    failure(&platform, "hello");
    assert_eq!(platform.fs().list_dir("sessions").unwrap(), ["default.json"]);
    assert_eq!(
        platform.fs().read_to_string("sessions/default.json").unwrap(),
        "{\"version\":1,"
    );
}

#[test]
fn leaves_newer_session_unchanged() {
    let (_dir, platform) = platform(CONFIG);
    let later = r#"{"version":99,"id":"default","messages":[]}"#;
    platform
        .fs()
        .write_string("sessions/default.json", later)
        .unwrap();
    let text = failure(&platform, "hello");
    assert!(
        text.contains("sessions/default.json: ") && text.contains("99"),
        "{text}"
    );
    assert_eq!(
        platform.fs().read_to_string("sessions/default.json").unwrap(),
        later
    );
}

#[test]
fn notices_key_sent_without_tls() {
    let shown = |base: &str, key: &str| {
        let config = format!(
            r#"{{"agents":{{"model":"m"}},"providers":{{"providers":{{"openai":{{"api_base":"{base}"{key}}}}}}}}}"#
        );
        let config = Config::parse("config.json", config.as_bytes()).unwrap();
        shows_key(
            &config.provider,
            &(config.provider.api_base.clone() + "/chat/completions"),
        )
    };
    let keys = [r#","api_key":"sk-secret""#, r#","api_key_env":"KEY""#];
    for base in [
        "http://models.example/v1",
        "http://10.0.0.1:80",
        "http://[::2]",
        "http://localhost.example",
    ] {
        assert!(keys.iter().all(|key| shown(base, key)), "{base}");
        assert!(!shown(base, ""), "there is no key");
    }
    for base in [
        "https://models.example",
        "http://localhost",
        "http://localhost:1/v1",
        "http://127.0.0.1/v1",
        "http://[::1]:1",
    ] {
        assert!(!keys.iter().any(|key| shown(base, key)), "{base}");
    }
}
