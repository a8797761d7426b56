//! The commands of the prompt.

use std::{path::Path, time::SystemTime};

use clawft_types::SessionIdError;
use weft_agent::{Error, Home};

use super::{
    input::{COMMANDS, PromptInput, help},
    transcript,
};
use crate::command::{
    chat::{ask::Conversation, session},
    nearest::nearest,
    terminal::{self, Sanitizer},
};

/// Executes a command that concerns the conversation.
///
/// # Errors
/// If the command is unknown or its argument invalid.
pub(super) fn execute(
    input: PromptInput<'_>,
    conversation: &mut Conversation,
    home: &Home,
) -> Result<(), Error> {
    match input {
        PromptInput::Help => terminal::hint(&help()),
        PromptInput::New => {
            conversation.session = session::fresh(SystemTime::now())?;
            terminal::hint(&format!("the session is `{}`", conversation.session));
        }
        PromptInput::Model(name) => {
            if let Some(name) = name {
                conversation.use_model(name)?;
            }
            terminal::hint(&format!("the model is `{}`", conversation.config.agents.model));
        }
        PromptInput::System(text) => {
            if let Some(text) = text {
                conversation.config.agents.system_prompt = Some(text.to_owned()).filter(|text| text != "-");
            }
            terminal::hint(&match &conversation.config.agents.system_prompt {
                Some(prompt) => format!("the system prompt is: {prompt}"),
                None => "there is no system prompt".to_owned(),
            });
        }
        PromptInput::Session(id) => {
            if let Some(id) = id {
                let wrong = |error: SessionIdError| Error::other(error.to_string());
                conversation.session = id.parse().map_err(wrong)?;
            }
            terminal::hint(&format!("the session is `{}`", conversation.session));
        }
        PromptInput::Save(file) => save(conversation, home, file)?,
        PromptInput::Tools => list_tools(conversation),
        PromptInput::Unknown(word) => {
            let known = COMMANDS.map(|(name, _, _)| name);
            let meant = nearest(word, known).map_or_else(String::new, |name| format!(" Is it `/{name}`?"));
            return Err(Error::other(format!(
                "there is no `/{word}`, see `/help`.{meant}"
            )));
        }
        PromptInput::Superfluous(word) => {
            return Err(Error::other(format!(
                "`/{word}` takes nothing behind it, and was not done: give the rest as a message of its own"
            )));
        }
        PromptInput::Empty | PromptInput::Message(_) | PromptInput::Retry | PromptInput::Quit => {}
    }
    Ok(())
}

/// Writes the conversation to a new file.
fn save(conversation: &Conversation, home: &Home, file: Option<&str>) -> Result<(), Error> {
    let id = &conversation.session;
    let session = home.sessions()?.read(id)?;
    let session = session.ok_or_else(|| Error::other("there is nothing to save yet"))?;
    let name = file.map_or_else(|| format!("{id}.md"), str::to_owned);
    transcript::write(&session, Path::new(&name))?;
    terminal::hint(&format!("written to `{name}`"));
    Ok(())
}

fn list_tools(conversation: &Conversation) {
    let tools = conversation.tools();
    if tools.is_empty() {
        terminal::hint(
            "there are no tools: `tools` in the configuration offers them, those for files together with `--workspace`",
        );
    }
    for tool in tools {
        // The rest is advice for the model.
        let description = tool
            .description
            .split_inclusive(". ")
            .next()
            .unwrap_or_default()
            .trim_end();
        let name = conversation.agent.shown_name(&tool.name);
        let line = format!("{name}: {description}");
        terminal::hint(&Sanitizer::for_errors().text(&line));
    }
}
