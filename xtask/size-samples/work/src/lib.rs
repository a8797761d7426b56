//! A turn of a chat as one would write it with std and serde: the configuration is read, the session with it, a request made;
//! the answer is parsed, printed, and stored. The stack under comparison does what lies between.

use std::{
    env, fs,
    io::{self, Read as _},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Where the session is kept.
const SESSION: &str = "/config/sessions/default.json";

#[derive(Deserialize)]
struct Config {
    agents: Agents,
    providers: Providers,
}

#[derive(Deserialize)]
struct Agents {
    model: String,
}

#[derive(Deserialize)]
struct Providers {
    providers: Named,
}

#[derive(Deserialize)]
struct Named {
    openai: Provider,
}

#[derive(Deserialize)]
struct Provider {
    api_base: String,
    api_key_env: String,
}

#[derive(Serialize, Deserialize)]
struct Message {
    role: String,
    content: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Session {
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    messages: &'a [Message],
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

/// A turn that waits for its answer.
pub struct Turn {
    /// Where the request goes.
    pub url: String,
    /// The value of its header `authorization`.
    pub authorization: String,
    /// Its body, JSON.
    pub body: Vec<u8>,
    session: Session,
}

impl Turn {
    /// Reads the configuration, the session if there is one, and the message from standard input.
    ///
    /// # Errors
    /// One of them can't be read, or the key is not in its variable.
    pub fn begin() -> Result<Self> {
        let config = fs::read("/config/config.json").context("no configuration")?;
        let config: Config = serde_json::from_slice(&config).context("bad configuration")?;
        let provider = config.providers.providers.openai;
        let key = env::var(&provider.api_key_env).context("no key")?;
        let mut session: Session = match fs::read(SESSION) {
            Ok(text) => serde_json::from_slice(&text).context("bad session")?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Session::default(),
            Err(error) => return Err(error).context("no session"),
        };
        let mut content = String::new();
        io::stdin().read_to_string(&mut content).context("no message")?;
        session.messages.push(Message { role: "user".to_owned(), content });
        let question = Question { model: &config.agents.model, messages: &session.messages };
        Ok(Self {
            url: provider.api_base + "/chat/completions",
            authorization: format!("Bearer {key}"),
            body: serde_json::to_vec(&question)?,
            session,
        })
    }

    /// Prints what the provider's answer says, and stores it.
    ///
    /// # Errors
    /// The status tells of one, the answer can't be read, or the session can't be stored.
    pub fn finish(mut self, status: u16, body: &[u8]) -> Result<()> {
        anyhow::ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(body));
        let completion: Completion = serde_json::from_slice(body).context("bad answer")?;
        let choice = completion.choices.into_iter().next().context("no choice")?;
        println!("{}", choice.message.content);
        self.session.messages.push(choice.message);
        fs::create_dir_all("/config/sessions").context("could not store the session")?;
        fs::write(SESSION, serde_json::to_vec(&self.session)?).context("could not store the session")
    }
}
