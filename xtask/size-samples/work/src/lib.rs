//! A chat turn with std and serde: reads the configuration and the session, and makes a request; then parses,
//! prints and stores the answer. The HTTP stack under comparison does the exchange in between.

use std::{env, fs, io::{self, Read as _}};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// The path of the session.
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
    /// Address of the request.
    pub url: String,
    /// Value of its header `authorization`.
    pub authorization: String,
    /// Its body, as JSON.
    pub body: Vec<u8>,
    session: Session,
}

impl Turn {
    /// Reads the configuration, the session if there is one, and the message from standard input.
    ///
    /// # Errors
    /// Fails if one of them cannot be read, or if the variable of the key is not set.
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

    /// Prints the provider's answer, and stores it.
    ///
    /// # Errors
    /// Fails if the status is an error, the answer cannot be parsed, or the session cannot be stored.
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
