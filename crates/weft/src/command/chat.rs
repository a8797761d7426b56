//! `weft chat`: one message and its answer, or a prompt for several.

mod ask;
mod ending;
mod image;
mod message;
mod prompt;
mod screen;
mod session;
mod source;
mod user;

use std::sync::Arc;

use clawft_types::{
    Config, Input,
    completion::write_usage,
    json::{Node, Writer},
};
use weft_agent::{
    Agent, Answer, ConfigFile, Delta, Error, Home, Tools, home::environment::variable, warnings,
};

use super::{args::Chat, exit::Exit, print_line, terminal};
use ask::{AskResult, Conversation};
pub(crate) use ending::signal;
use screen::Screen;
use user::ChatUser;

impl Chat {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let conversation = self.conversation(home)?;
        let has_message = !self.message.is_empty() || !self.files.is_empty() || !self.images.is_empty();
        if !has_message && !self.json && terminal::is_interactive() {
            return prompt::prompt(conversation, home);
        }
        let message = message::read(&self.message, &self.files, &self.images)?;
        let message = Input::with_images(&message.text, message.images)?;
        conversation.screen.hide();
        let answered = match self.json {
            true => answer_in_json(&conversation, message),
            false => answer(&conversation, message),
        };
        conversation.screen.release();
        conversation.end();
        answered
    }

    fn conversation(&self, home: &Home) -> Result<Conversation, Error> {
        let file = ConfigFile::read(home)?;
        let read = match &self.model {
            Some(model) => file.agent_with(model),
            None => file.agent(),
        };
        // A misspelt name is often why a field is missing.
        let mut config = read.inspect_err(|_| terminal::warn(&file.misspelt()))?;
        terminal::warn(&warnings::of_config(home, &file, &config, &variable));
        config.agents.stream = !self.no_stream && wants_stream(&file, &config)?;
        if let Some(system) = &self.system {
            config.agents.system_prompt = Some(system.clone()).filter(|text| !text.is_empty());
        }
        config.agents.temperature = self.temperature.or(config.agents.temperature);
        let session = session::choose(home, self.session.as_ref(), self.resume)?;
        let screen = Screen::default();
        screen.render(!self.no_markdown && !self.json && terminal::shows_styles() && wants_markdown(&file)?);
        let user = Arc::new(ChatUser::new(self.yes, self.json, screen.clone()));
        let agent = Agent::new(home)?;
        if let Some(workspace) = self.workspace.as_deref().filter(|path| !path.is_dir()) {
            let shown = workspace.display();
            return Err(Error::other(format!(
                "the workspace `{shown}` is not a directory"
            )));
        }
        let tools = Tools::new(agent.client(), home, &file, self.workspace.as_deref(), user)?;
        if self.workspace.is_some() && tools.is_none() {
            terminal::warn(&[
                "no tools are configured: `tools.files` in the configuration offers them for the workspace",
            ]);
        }
        let agent = agent.with_tools(tools);
        Conversation::new(agent, file, config, session, self.reasoning, screen)
    }
}

/// Returns whether to stream: yes, unless the configuration says otherwise, because a person wants to see the
/// answer begin.
pub(super) fn wants_stream(file: &ConfigFile, config: &Config) -> Result<bool, Error> {
    let setting = file.part(|root| {
        Ok(root
            .get("agents")
            .and_then(|agents| agents.get("stream"))
            .map(Node::flag))
    })?;
    Ok(setting.is_none() || config.agents.stream)
}

/// Returns whether the configuration lets Markdown be rendered.
pub(super) fn wants_markdown(file: &ConfigFile) -> Result<bool, Error> {
    file.part(|root| match root.get("chat") {
        Some(chat) => chat.get("markdown").map_or(Ok(true), Node::flag),
        None => Ok(true),
    })
}

/// Prints the answer as it arrives. It is stored even if it cannot be printed.
fn answer(conversation: &Conversation, message: Input) -> Result<Exit, Error> {
    let screen = &conversation.screen;
    let asked = conversation.ask(message, &mut |delta| match delta {
        Delta::Reasoning(text) => screen.reasoning(text),
        Delta::Text(text) => screen.text(text),
    });
    // What has arrived before a failure is shown.
    let AskResult { answer, stopped } = asked.inspect_err(|_| screen.between(|| {}))?;
    if !answer.shown {
        if conversation.reasoning {
            screen.reasoning(&answer.reasoning);
        }
        screen.text(&answer.text);
    }
    screen.end()?;
    Ok(report(&answer, stopped))
}

/// Prints the answer when it is complete.
fn answer_in_json(conversation: &Conversation, message: Input) -> Result<Exit, Error> {
    let AskResult { answer, stopped } = conversation.ask(message, &mut |_| {})?;
    print_line(to_json(conversation, &answer))?;
    Ok(report(&answer, stopped))
}

/// Prints warnings about the answer, and returns its exit code.
fn report(answer: &Answer, stopped: bool) -> Exit {
    terminal::warn(&answer.warnings);
    if let Some(cause) = &answer.incomplete {
        terminal::warn(&[format!("the answer is incomplete: {cause}")]);
    }
    Exit::of(answer, stopped)
}

/// Writes `{"session":"work","model":"…","text":"…"}`, with `reasoning` if the user wants it,
/// `finish_reason` and `usage` if the provider sends them, `incomplete` if the answer broke off, `unstored` if
/// it could not be stored, and `warnings` if there are any.
fn to_json(conversation: &Conversation, answer: &Answer) -> Writer {
    let mut writer = Writer::default();
    writer.object(|object| {
        object.text_member("session", conversation.session.as_str());
        object.text_member("model", &conversation.config.agents.model);
        object.text_member("text", &answer.text);
        if conversation.reasoning {
            object.text_member("reasoning", &answer.reasoning);
        }
        if let Some(cause) = &answer.incomplete {
            object.text_member("incomplete", cause);
        }
        if let Some(cause) = &answer.unstored {
            object.text_member("unstored", cause);
        }
        if let Some(reason) = &answer.finish_reason {
            object.text_member("finish_reason", reason);
        }
        if let Some(usage) = &answer.usage {
            object.member("usage", |value| write_usage(value, usage));
        }
        if !answer.warnings.is_empty() {
            object.member("warnings", |list| {
                list.array(&answer.warnings, |item, warning| item.text(warning));
            });
        }
    });
    writer
}
