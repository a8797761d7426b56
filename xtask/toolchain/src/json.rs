//! The output of `cargo xtask setup --json`.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    execute::Attempt,
    item::{Installation, Item},
    pins::Pins,
    plan::{Method, Step},
};

/// Returns the items as one JSON object:
///
/// ```json
/// { "items": [
///   { "name": "git", "state": "found", "version": "2.47.3", "path": "/usr/bin/git", "from": "the system's" },
///   { "name": "wkg", "state": "missing", "reason": null, "command": "cargo xtask setup --all",
///     "methods": ["`cargo install wkg --version 0.16.1 --locked`"],
///     "alternative": "set WKG to the path of a wkg" } ] }
/// ```
///
/// `state` is `found`, `installed`, `missing`, `damaged`, `wrong` (only the user can correct it) or `failed` (not
/// installed, for this reason).
fn document(items: Vec<Value>) -> Result<String> {
    serde_json::to_string_pretty(&json!({ "items": items })).context("could not write the items as JSON")
}

/// Returns the plan, for `--check`.
pub(super) fn planned(steps: &[Step], pins: &Pins) -> Result<String> {
    document(steps.iter().map(|step| planned_item(step, pins)).collect())
}

/// Returns the results of an installation.
pub(super) fn attempted(attempts: &[Attempt], pins: &Pins) -> Result<String> {
    let item = |attempt: &Attempt| match &attempt.result {
        Ok(installation) => present(attempt.item, attempt.outcome.word(), installation),
        Err(error) => absent(attempt.item, "failed", Some(format!("{error:#}")), &[], pins),
    };
    document(attempts.iter().map(item).collect())
}

fn planned_item(step: &Step, pins: &Pins) -> Value {
    let state = step.word();
    match step {
        Step::Keep(item, installation) => present(*item, state, installation),
        Step::Get(item, methods, note) => absent(*item, state, note.clone(), methods, pins),
        Step::Replace(item, methods, directory) => {
            let path = directory.display();
            let reason = format!("`{path}` differs from what was installed there");
            absent(*item, state, Some(reason), methods, pins)
        }
        Step::Refuse(item, reason) => absent(*item, state, Some(reason.clone()), &[], pins),
    }
}

fn present(item: Item, state: &str, installation: &Installation) -> Value {
    json!({
        "name": item.to_string(),
        "state": state,
        "version": installation.version,
        "path": installation.path.to_string_lossy(),
        "from": installation.from,
    })
}

fn absent(item: Item, state: &str, reason: Option<String>, methods: &[Method], pins: &Pins) -> Value {
    let methods: Vec<String> = methods.iter().map(|method| method.describe(item, pins)).collect();
    json!({
        "name": item.to_string(),
        "state": state,
        "reason": reason,
        "command": (!methods.is_empty()).then(|| item.command(pins)),
        "methods": methods,
        "alternative": item.choice(pins),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{
        super::item::{Outcome, Tool},
        *,
    };

    const WKG: Item = Item::Tool(Tool::Wkg);

    fn installation() -> Installation {
        Installation {
            version: "1.0.0".to_owned(),
            path: PathBuf::from("/there"),
            from: "somewhere".to_owned(),
        }
    }

    fn items(text: &str) -> Value {
        let document: Value = serde_json::from_str(text).unwrap();
        document["items"].clone()
    }

    #[test]
    fn plan_has_state_and_methods_of_each_item() {
        let pins = Pins::load().unwrap();
        let steps = [
            Step::Keep(Item::Git, installation()),
            Step::Replace(WKG, vec![Method::CargoInstall], PathBuf::from("/cache/wkg")),
            Step::Refuse(Item::CxxCompiler, "there is none".to_owned()),
        ];
        let method = format!("`cargo install wkg --version {} --locked`", pins.wkg.version);
        assert_eq!(
            items(&planned(&steps, &pins).unwrap()),
            json!([
                { "name": "git", "state": "found", "version": "1.0.0", "path": "/there", "from": "somewhere" },
                { "name": "wkg", "state": "damaged", "reason": "`/cache/wkg` differs from what was installed there",
                  "command": "cargo xtask setup --all", "methods": [method],
                  "alternative": "set WKG to the path of a wkg" },
                { "name": "c++", "state": "missing", "reason": "there is none", "command": null, "methods": [],
                  "alternative": "name one in CXX" },
            ])
        );
    }

    #[test]
    fn result_has_failures_beside_installed_items() {
        let attempts = [
            Attempt {
                item: Item::Git,
                outcome: Outcome::Found,
                result: Ok(installation()),
            },
            Attempt {
                item: WKG,
                outcome: Outcome::Installed,
                result: Err(anyhow::anyhow!("one").context("two")),
            },
        ];
        let shown = items(&attempted(&attempts, &Pins::load().unwrap()).unwrap());
        assert_eq!(
            (&shown[0]["state"], &shown[1]["state"]),
            (&json!("found"), &json!("failed"))
        );
        assert_eq!(shown[1]["reason"], "two: one");
    }
}
