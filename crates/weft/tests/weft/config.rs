//! `weft config check`, `weft models` and `weft init`.

use std::{
    fs::{Permissions, metadata, read, remove_file, set_permissions},
    os::unix::fs::PermissionsExt as _,
};

use serde_json::json;

use crate::common::{Home, KEY, Run};

#[test]
fn check_refuses_what_the_gateway_refuses() {
    for models in [
        json!({ "fast": "nobody/m" }),
        json!({ "fast": [] }),
        json!({ "fast": 5 }),
        json!([]),
    ] {
        let home = Home::new("ok");
        home.configure(&json!({
            "agents": { "model": "a-model" },
            "providers": { "providers": { "openai": { "api_base": "http://127.0.0.1:1/v1" } } },
            "gateway": { "models": models },
        }));
        let run = home.run(&["config", "check", "--offline"]);
        assert_eq!(run.code, 1, "{models}: {}", run.stdout);
        assert!(run.stderr.contains("gateway.models"), "{}", run.stderr);
    }
}

#[test]
fn check_warns_of_keys_at_risk() {
    let home = Home::new("ok");
    let provider = json!({ "api_base": "http://provider.invalid/v1", "api_key": "sk-secret-1234567890" });
    home.configure(&json!({
        "agents": { "model": "a-model" },
        "providers": { "providers": { "openai": provider } },
    }));
    let path = home.path("config.json");
    let check = |mode| {
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let run = home.run(&["config", "check", "--offline"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let usable = "can be used, asks the model `a-model` of the provider `openai`";
        assert_eq!(run.stdout, format!("{}: {usable}\n", path.display()));
        run.stderr
    };
    let network = "warning: the API key of provider `openai` is sent to `provider.invalid` without TLS, use `https://` in its `api_base`\n";
    assert_eq!(check(0o600), network);
    let file = format!(
        "warning: `{}` holds `api_key` and others can read it, allow that to its owner alone: `chmod 600`\n",
        path.display()
    );
    assert_eq!(check(0o644), format!("{network}{file}"));
}

#[test]
fn check_names_typos_and_providers_without_answer() {
    let home = Home::new("capable");
    home.edit(|config| {
        config["agents"]["modle"] = json!("x");
        let list = &mut config["providers"]["providers"];
        list["other"] = json!({ "api_base": "http://127.0.0.1:1/v1", "auth": "none", "timeout_sec": 3 });
        config["agents"]["provider"] = json!("openai");
    });
    let run = home.run(&["config", "check"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for warning in [
        "warning: unknown field `agents.modle`, the nearest known name is `model`\n",
        "warning: unknown field `providers.providers.other.timeout_sec`, the nearest known name is `timeout_secs`\n",
        "warning: HTTP unavailable: connection refused; provider `other` at `127.0.0.1:1/v1`",
        "warning: the provider `openai` does not list the model `a-model`: `weft models` shows the names\n",
    ] {
        assert!(run.stderr.contains(warning), "{}", run.stderr);
    }
    assert_eq!(home.run(&["config", "check", "--strict"]).code, 1);
    // The provider that is asked by default has to answer.
    home.edit(|config| config["agents"]["provider"] = json!("other"));
    let run = home.run(&["config", "check"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("error: HTTP unavailable"), "{}", run.stderr);
    assert_eq!(home.run(&["config", "check", "--offline"]).code, 0);
}

#[test]
fn shown_configuration_streams_as_the_file_does() {
    let home = Home::new("ok");
    for (setting, shown) in [(None, true), (Some(true), true), (Some(false), false)] {
        home.edit(|config| config["agents"]["stream"] = json!(setting));
        let printed = home.run(&["config", "show"]).result();
        let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(printed["agents"]["stream"], json!(shown), "{setting:?}");
    }
}

#[test]
fn misspelt_name_of_missing_field_is_named() {
    let home = Home::new("ok");
    home.configure(&json!({ "agent": { "model": "m" }, "provider": {} }));
    for arguments in [&["config", "check"][..], &["chat", "hi"], &["models"]] {
        let said = home.run(arguments).failure(1);
        assert!(
            said.contains("unknown field `agent`, the nearest known name is `agents`"),
            "{said}"
        );
        assert!(said.ends_with("config.json: agents: missing\n"), "{said}");
    }
}

#[test]
fn models_are_listed_with_the_default_one_marked() {
    let home = Home::new("capable");
    home.edit(|config| config["agents"]["model"] = json!("reason"));
    assert_eq!(
        home.run(&["models"]).result(),
        "openai/echo\nopenai/reason  (default)\n"
    );
    assert_eq!(
        home.run(&["models", "openai", "--json"]).result(),
        "[{\"provider\":\"openai\",\"model\":\"echo\",\"default\":false},\
         {\"provider\":\"openai\",\"model\":\"reason\",\"default\":true}]\n"
    );
    let said = home.run(&["models", "nobody"]).failure(1);
    assert!(
        said.contains("there is no provider `nobody` in the configuration, only `openai`"),
        "{said}"
    );
    // A server without a list has the configured model.
    let run = Home::new("ok").run(&["models"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "openai/a-model  (default)\n")
    );
    assert!(run.stderr.contains("has no list of models"), "{}", run.stderr);
}

#[test]
fn init_writes_private_configuration_and_replaces_none() {
    let home = Home::new("capable");
    let path = home.path("config.json");
    let base = home.config()["providers"]["providers"]["openai"]["api_base"].clone();
    let arguments = [
        "init",
        "--provider",
        "mine",
        "--key-env",
        "TEST_KEY",
        "--yes",
        "--api-base",
    ];
    let arguments = [&arguments[..], &[base.as_str().unwrap()]].concat();
    let before = read(&path).unwrap();
    let said = home.run(&arguments).failure(1);
    assert!(
        said.contains("exists and is left as it is") && said.contains("--force"),
        "{said}"
    );
    assert_eq!(read(&path).unwrap(), before);
    for replaces in [true, false] {
        let force = if replaces { &["--force"][..] } else { &[] };
        let run = home.run(&[&arguments[..], force].concat());
        assert_eq!(
            (run.code, run.stdout),
            (0, format!("{}\n", path.display())),
            "{}",
            run.stderr
        );
        assert_eq!(metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // The first model of a server whose models are not known is asked.
        assert_eq!(home.config()["agents"]["model"], "echo");
        assert_eq!(home.run(&["config", "check"]).code, 0);
        remove_file(&path).unwrap();
    }
}

#[test]
fn init_asks_nobody_in_pipe_for_a_key() {
    let home = Home::new("ok");
    remove_file(home.path("config.json")).unwrap();
    let said = home.run(&["init"]).failure(1);
    assert!(said.contains("nobody can be asked for the provider"), "{said}");
    // Without a model, the server is asked for one, and is what fails.
    for (address, cause) in [
        ("nope", "api_base"),
        ("ftp://127.0.0.1", "api_base"),
        ("http://127.0.0.1:1/v1", "connection refused"),
    ] {
        let call = [
            "init",
            "--yes",
            "--provider",
            "local",
            "--key-env",
            "",
            "--api-base",
            address,
        ];
        let said = home.run(&call).failure(1);
        assert!(
            said.starts_with("error: the models of the provider cannot be listed: ") && said.contains(cause),
            "{said}"
        );
    }
    let run = Run::of(home.plain_command(&["init", "--yes", "--key-env", KEY]), "");
    assert!(run.failure(1).contains("this is not the name of a variable"));
    assert!(!home.path("config.json").exists());
    // The provider whose key is there is the default.
    let mut command = home.plain_command(&["init", "--yes"]);
    command.env("MISTRAL_API_KEY", KEY);
    assert_eq!(Run::of(command, "").code, 0);
    assert_eq!(home.config()["agents"]["provider"], "mistral");
}
