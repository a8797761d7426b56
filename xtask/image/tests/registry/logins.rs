//! Logins: the files that they are read from, and the error where there is no login.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    context::{Context, REPOSITORY, logins, run, run_with_input},
    server::{Auth, Habits, IDENTITY, PASSWORD, Registry, USERNAME},
};

/// Returns a registry that asks for a login, and a context without one.
fn locked(auth: Auth) -> (Registry, Context) {
    (
        Registry::start(Habits {
            auth,
            ..Habits::default()
        }),
        Context::new(),
    )
}

/// Makes a helper `docker-credential-NAME` that answers `get` with this shell script. Returns its directory.
#[cfg(unix)]
fn helper(context: &Context, name: &str, script: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = context.write(
        &format!("bin/docker-credential-{name}"),
        &format!("#!/bin/sh\n{script}\n"),
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    context.path("bin")
}

fn with_path(directory: &Path) -> String {
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap())
}

#[test]
fn explains_how_to_log_in_before_building() {
    for auth in [Auth::Basic, Auth::Bearer, Auth::Both] {
        let (registry, context) = locked(auth);
        let hint = format!("not logged in to `{0}`: run `docker login {0}`", registry.host);
        let outcome = context.fails(&registry, &[&hint]);
        assert!(!outcome.stderr.contains("Made"), "{}", outcome.stderr);
        let wrong = json!({ "auths": { &registry.host: { "username": "someone", "password": "else" } } });
        context.write("docker/config.json", &wrong.to_string());
        let outcome = context.fails(&registry, &["does not let this login", "docker login"]);
        assert!(!outcome.stderr.contains("Made"), "{}", outcome.stderr);
    }
}

#[test]
fn finds_a_login_wherever_it_is_kept() {
    for file in [
        "docker/config.json",
        "runtime/containers/auth.json",
        "config/containers/auth.json",
    ] {
        let (registry, context) = locked(Auth::Bearer);
        context.write(file, &logins(&registry.host).to_string());
        context.pushes(&registry);
    }
    let (registry, context) = locked(Auth::Bearer);
    let file = context.write("elsewhere.json", &format!("\u{feff}{}", logins(&registry.host)));
    let mut command = context.push(&registry);
    command.env("REGISTRY_AUTH_FILE", file);
    run(command).pushed(&registry);
    let (registry, context) = locked(Auth::Bearer);
    let mut command = context.push(&registry);
    command.env("DOCKER_AUTH_CONFIG", logins(&registry.host).to_string());
    run(command).pushed(&registry);
    let mut command = context.push(&registry);
    command.env("DOCKER_AUTH_CONFIG", PASSWORD);
    run(command).failed(&["could not understand the logins in `DOCKER_AUTH_CONFIG`"]);
    let mut command = context.push(&registry);
    command.env("REGISTRY_AUTH_FILE", context.path("nowhere.json"));
    run(command).failed(&[
        "nowhere.json`, which `REGISTRY_AUTH_FILE` names, does not exist",
        "not logged in",
    ]);
}

#[test]
fn finds_a_login_by_its_namespace() {
    let (registry, context) = locked(Auth::Basic);
    context.log_in(&format!("{}/another", registry.host));
    context.fails(&registry, &["not logged in"]);
    for key in [
        format!("{}/acme", registry.host),
        format!("{}/{REPOSITORY}", registry.host),
    ] {
        context.log_in(&key);
        context.pushes(&registry);
    }
}

#[test]
fn exchanges_an_identity_token() {
    let habits = Habits {
        auth: Auth::Bearer,
        identity_token: true,
        ..Habits::default()
    };
    let registry = Registry::start(habits);
    let context = Context::new();
    let entry = json!({ "auth": "MDAwMDAwMDA6", "identitytoken": IDENTITY });
    context.write(
        "docker/config.json",
        &json!({ "auths": { &registry.host: entry } }).to_string(),
    );
    context.pushes(&registry);
    // It is in the body of the request: addresses are logged.
    assert!(
        registry
            .log()
            .iter()
            .any(|line| line.starts_with("POST /token 200")),
        "{:#?}",
        registry.log()
    );
}

#[cfg(unix)]
#[test]
fn asks_helpers_for_logins_and_tokens() {
    for (identity_token, username, secret) in [(false, USERNAME, PASSWORD), (true, "<token>", IDENTITY)] {
        let habits = Habits {
            auth: Auth::Bearer,
            identity_token,
            ..Habits::default()
        };
        let registry = Registry::start(habits);
        let context = Context::new();
        let answer = json!({ "ServerURL": &registry.host, "Username": username, "Secret": secret });
        let bin = helper(
            &context,
            "ours",
            &format!("test \"$(cat)\" = {} && echo '{answer}'", registry.host),
        );
        for file in [
            json!({ "credHelpers": { &registry.host: "ours" } }),
            json!({ "credsStore": "ours" }),
        ] {
            context.write("docker/config.json", &file.to_string());
            let mut command = context.push(&registry);
            command.env("PATH", with_path(&bin));
            run(command).pushed(&registry);
        }
    }
}

#[cfg(unix)]
#[test]
fn finds_the_login_in_a_talkative_helper() {
    let (registry, context) = locked(Auth::Basic);
    let answer = json!({ "ServerURL": "", "username": USERNAME, "secret": PASSWORD });
    let script = format!("echo 'there is a new version'; echo '{answer}'; echo bye; echo {PASSWORD} >&2");
    let bin = helper(&context, "ours", &script);
    context.write("docker/config.json", &json!({ "credsStore": "ours" }).to_string());
    let mut command = context.push(&registry);
    command.env("PATH", with_path(&bin));
    run(command).pushed(&registry);
}

#[cfg(unix)]
#[test]
fn shows_nothing_of_a_helper_that_fails() {
    let (registry, context) = locked(Auth::Bearer);
    let bin = helper(
        &context,
        "ours",
        &format!("echo {PASSWORD}; echo {PASSWORD} >&2; exit 1"),
    );
    context.write("docker/config.json", &json!({ "credsStore": "ours" }).to_string());
    let mut command = context.push(&registry);
    command.env("PATH", with_path(&bin));
    run(command).failed(&["`docker-credential-ours`", "ended with an error", "not logged in"]);
}

#[test]
fn goes_on_without_helper_for_open_registry() {
    for (auth, works) in [(Auth::Open, true), (Auth::Bearer, false)] {
        let (registry, context) = locked(auth);
        context.write(
            "docker/config.json",
            &json!({ "credsStore": "not-here" }).to_string(),
        );
        let outcome = run(context.push(&registry));
        assert!(
            outcome.stderr.contains("warning: `docker-credential-not-here`"),
            "{}",
            outcome.stderr
        );
        match works {
            true => outcome.pushed(&registry),
            false => outcome.failed(&[
                "not logged in",
                "`docker-credential-not-here`",
                "is not installed",
            ]),
        }
    }
}

#[test]
fn takes_a_login_on_standard_input() {
    let (registry, context) = locked(Auth::Both);
    let mut command = context.push(&registry);
    command.args(["--username", USERNAME, "--password-stdin"]);
    run_with_input(command, &format!("{PASSWORD}\n")).pushed(&registry);
    let mut command = context.push(&registry);
    command.args(["--username", USERNAME, "--password-stdin"]);
    run_with_input(command, "\n").failed(&["there is no password on standard input"]);
}

#[test]
fn takes_a_login_in_the_environment() {
    let (registry, context) = locked(Auth::Both);
    let mut command = context.push(&registry);
    command
        .env("CLAWFT_REGISTRY_USERNAME", USERNAME)
        .env("CLAWFT_REGISTRY_PASSWORD", PASSWORD);
    run(command).pushed(&registry);
    let mut command = context.push(&registry);
    command.env("CLAWFT_REGISTRY_PASSWORD", PASSWORD);
    run(command).failed(&["`CLAWFT_REGISTRY_USERNAME` is not"]);
}
