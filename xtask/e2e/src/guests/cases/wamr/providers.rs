//! Every provider with a preset, in its own wire shape, through the module's exported functions.

use anyhow::Result;
use serde_json::json;

use super::{super::Case, take};
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
    let answer = take(test, MESSAGE)?;
    provider.was_asked(&test.request()?.json()?)?;
    if kind == "error" {
        answer.failed(&provider.error)?;
        return test.stored_nothing();
    }
    answer.is(ANSWER)?;
    provider.was_stored(&test.session_json("default")?, kind)
}
