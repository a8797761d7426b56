//! Every provider with a preset, in its own wire shape.

use anyhow::{Result, ensure};

use super::Case;
use crate::{
    providers::{ANSWER, MESSAGE, Provider, provider_cases},
    weft::context::WeftContext,
};

provider_cases!(check);

fn check(test: &WeftContext<'_>, provider: &Provider, kind: &str) -> Result<()> {
    test.configure_as(provider.name, &provider.scenario(kind), Provider::agent(kind))?;
    let outcome = test.weft(&["chat", "--session", "default", MESSAGE], "")?;
    let requests = test.requests()?;
    ensure!(requests.len() == 1, "{} requests were sent", requests.len());
    provider.was_asked(&requests[0].json()?)?;
    if kind == "error" {
        ensure!(outcome.exit != Some(0), "an error is a success");
        return outcome.said(&provider.error);
    }
    outcome.answered(ANSWER)?;
    provider.was_stored(&test.session("default")?, kind)
}
