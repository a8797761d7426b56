//! schemathesis sends requests that the description at `/openapi.json` allows, and others, and checks each answer
//! against it.

use anyhow::{Result, ensure};
use toolchain::Python;
use xshell::cmd;

use super::context::ClientContext;
use crate::weft::TOKEN;

/// The name of the case.
pub(super) const NAME: &str = "clients::openapi_description_holds_for_gateway";

/// The options. What a provider refuses or accepts beyond the description is its own decision.
const OPTIONS: [&str; 10] = [
    "--seed",
    "1",
    "--max-examples",
    "20",
    "--continue-on-failure",
    "--no-color",
    "--generation-database",
    "none",
    "--exclude-checks",
    "positive_data_acceptance,negative_data_rejection",
];

/// Runs schemathesis against a gateway with a token.
pub(super) fn check(test: &ClientContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let gateway = test.gateway(&shell, Some(TOKEN))?;
    let programs = toolchain::python(&test.fixture.project, Python::Schemathesis)?;
    let program = programs.join("schemathesis");
    let url = format!("{}/openapi.json", gateway.url());
    let header = format!("Authorization: Bearer {TOKEN}");
    let command =
        cmd!(shell, "{program} run {url} --header {header} {OPTIONS...}").env("NO_PROXY", "127.0.0.1");
    let outcome = test.run_program(command)?;
    ensure!(
        outcome.exit == Some(0),
        "schemathesis ended with {:?}\n{}",
        outcome.exit,
        outcome.stdout.trim_end()
    );
    Ok(())
}
