//! Configurations that cannot be used: the error says which file, where in it, and what to do.

use anyhow::Result;
use serde_json::json;

use super::cases;
use crate::smoke::lab::{KEY_VARIABLE, Lab, PROVIDER};

cases! {
    "a missing config is named by its path" => missing,
    "a folder that is not granted is named by the config's path" => not_granted,
    "a config that is not JSON is named by line and column" => not_json,
    "a config that ends too early is named by line and column" => unfinished,
    "a config of the wrong shape is named by the field" => wrong_shape,
    "a config without a model names the field" => no_model,
    "a missing key is named by its variable" => no_key,
    "a key that no header can carry is refused" => unusable_key,
}

fn missing(lab: &Lab<'_>) -> Result<()> {
    lab.say("hello")?.failed(&["/config/config.json"])
}

fn not_granted(lab: &Lab<'_>) -> Result<()> {
    lab.component().without_folder().say("hello")?.failed(&["/config/config.json"])
}

fn not_json(lab: &Lab<'_>) -> Result<()> {
    lab.write("config.json", b"{\n  \"agents\": nonsense\n}\n")?;
    lab.say("hello")?.failed(&["/config/config.json:2:13"])
}

fn unfinished(lab: &Lab<'_>) -> Result<()> {
    lab.write("config.json", b"{\n  \"agents\": {")?;
    lab.say("hello")?.failed(&["/config/config.json:2:13"])
}

fn wrong_shape(lab: &Lab<'_>) -> Result<()> {
    lab.configure_agent("ok", json!({ "model": 4 }))?;
    lab.say("hello")?.failed(&["/config/config.json", "agents.model", "string"])
}

fn no_model(lab: &Lab<'_>) -> Result<()> {
    lab.configure_agent("ok", json!({ "model": null }))?;
    lab.say("hello")?.failed(&["/config/config.json", "agents.model"])
}

fn no_key(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    lab.component().without_key().say("hello")?.failed(&[KEY_VARIABLE, PROVIDER])?;
    lab.sent_nothing()
}

fn unusable_key(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    let smuggled = "Vq8ZtUy3LmXw\r\nx-smuggled: 1";
    lab.component().key(smuggled).say("hello")?.failed(&[KEY_VARIABLE])?;
    lab.sent_nothing()
}
