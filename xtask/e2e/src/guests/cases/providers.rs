//! Every provider with a preset, in its own wire shape.

use anyhow::Result;
use serde_json::json;

use super::Case;
use crate::{
    guests::context::GuestContext,
    providers::{ANSWER, MESSAGE, Provider, provider_cases},
};

provider_cases!(check);

fn check(test: &GuestContext<'_>, provider: &Provider, kind: &str) -> Result<()> {
    test.configure_as(
        provider.name,
        &provider.scenario(kind),
        json!({}),
        Provider::agent(kind),
    )?;
    let outcome = test.say(MESSAGE)?;
    provider.was_asked(&test.request()?.json()?)?;
    if kind == "error" {
        let named = format!("provider `{}` at `127.0.0.1:", provider.name);
        outcome.failed(&[&named, provider.error[0], provider.error[1]])?;
        return test.stored_nothing();
    }
    outcome.answered(ANSWER)?;
    provider.was_stored(&test.session_json("default")?, kind)
}
