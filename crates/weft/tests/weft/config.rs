//! The warnings of `weft config`.

use crate::common::Home;
use serde_json::json;
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

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
        let run = home.run(&["config", "check"]);
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
