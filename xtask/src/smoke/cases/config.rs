//! Configurations that cannot be used: the error says which file, where in it, and what to do.

use anyhow::Result;
use serde_json::json;

use super::cases;
use crate::smoke::lab::{KEY_VARIABLE, Lab, PROVIDER};

cases! {
    config:
    names_path_of_missing_config,
    names_path_of_ungranted_config,
    names_position_of_broken_json,
    names_position_where_json_ends_early,
    names_field_of_wrong_shape,
    names_field_of_missing_model,
    names_variable_of_missing_key,
    refuses_key_no_header_can_carry,
}

fn names_path_of_missing_config(lab: &Lab<'_>) -> Result<()> {
    lab.say("hello")?.failed(&["/config/config.json"])
}

fn names_path_of_ungranted_config(lab: &Lab<'_>) -> Result<()> {
    lab.component().without_folder().say("hello")?.failed(&["/config/config.json"])
}

fn names_position_of_broken_json(lab: &Lab<'_>) -> Result<()> {
    lab.write("config.json", b"{\n  \"agents\": nonsense\n}\n")?;
    lab.say("hello")?.failed(&["/config/config.json:2:13"])
}

fn names_position_where_json_ends_early(lab: &Lab<'_>) -> Result<()> {
    lab.write("config.json", b"{\n  \"agents\": {")?;
    lab.say("hello")?.failed(&["/config/config.json:2:13"])
}

fn names_field_of_wrong_shape(lab: &Lab<'_>) -> Result<()> {
    lab.configure_agent("ok", json!({ "model": 4 }))?;
    lab.say("hello")?.failed(&["/config/config.json", "agents.model", "string"])
}

fn names_field_of_missing_model(lab: &Lab<'_>) -> Result<()> {
    lab.configure_agent("ok", json!({ "model": null }))?;
    lab.say("hello")?.failed(&["/config/config.json", "agents.model"])
}

fn names_variable_of_missing_key(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    lab.component().without_key().say("hello")?.failed(&[KEY_VARIABLE, PROVIDER])?;
    lab.sent_nothing()
}

fn refuses_key_no_header_can_carry(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    let smuggled = "Vq8ZtUy3LmXw\r\nx-smuggled: 1";
    lab.component().key(smuggled).say("hello")?.failed(&[KEY_VARIABLE])?;
    lab.sent_nothing()
}
