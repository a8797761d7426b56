//! Configurations that cannot be used: the error names the file, the position in it, and the correction.

use anyhow::Result;
use serde_json::json;

use super::cases;
use crate::guests::context::{GuestContext, KEY_VARIABLE, PROVIDER};

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

fn names_path_of_missing_config(test: &GuestContext<'_>) -> Result<()> {
    test.say("hello")?.failed(&["/config/config.json"])
}

fn names_path_of_ungranted_config(test: &GuestContext<'_>) -> Result<()> {
    test.component()
        .without_directory()
        .say("hello")?
        .failed(&["/config/config.json"])
}

fn names_position_of_broken_json(test: &GuestContext<'_>) -> Result<()> {
    test.write("config.json", b"{\n  \"agents\": nonsense\n}\n")?;
    test.say("hello")?.failed(&["/config/config.json:2:13"])
}

fn names_position_where_json_ends_early(test: &GuestContext<'_>) -> Result<()> {
    test.write("config.json", b"{\n  \"agents\": {")?;
    test.say("hello")?.failed(&["/config/config.json:2:13"])
}

fn names_field_of_wrong_shape(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("ok", json!({ "model": 4 }))?;
    test.say("hello")?
        .failed(&["/config/config.json", "agents.model", "string"])
}

fn names_field_of_missing_model(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("ok", json!({ "model": null }))?;
    test.say("hello")?
        .failed(&["/config/config.json", "agents.model"])
}

fn names_variable_of_missing_key(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.component()
        .without_key()
        .say("hello")?
        .failed(&[KEY_VARIABLE, PROVIDER])?;
    test.sent_nothing()
}

fn refuses_key_no_header_can_carry(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let smuggled = "Vq8ZtUy3LmXw\r\nx-smuggled: 1";
    test.component()
        .key(smuggled)
        .say("hello")?
        .failed(&[KEY_VARIABLE])?;
    test.sent_nothing()
}
