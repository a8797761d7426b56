//! Tests of the agent as a library, as the gateway uses it.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use clawft_types::{Config, Input, Message, Role, Secret, Session, SessionId};
use mock_provider::{RequestLog, Server};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use weft_agent::{Agent, ConfigFile, Delta, Fault, Home, Stop};

/// A home directory whose provider answers as a scenario says.
struct Fixture {
    directory: TempDir,
}

impl Fixture {
    fn new(scenario: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let requests = RequestLog::append_to(&directory.path().join("requests")).unwrap();
        let server = Server::bind(0, requests).unwrap();
        let provider = json!({ "api_base": format!("http://{}/{scenario}/v1", server.address()) });
        let config = json!({
            "agents": { "model": "a-model" },
            "providers": { "providers": { "openai": provider } },
        });
        fs::write(directory.path().join("config.json"), config.to_string()).unwrap();
        thread::spawn(move || server.run());
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns an agent with its runtime and configuration. The configuration holds the key, because a test
    /// does not change its own environment.
    fn agent(&self) -> (Runtime, Agent, Config) {
        let home = Home {
            directory: self.directory.path().to_owned(),
            config: self.path("config.json"),
        };
        let mut config = ConfigFile::read(&home).unwrap().agent().unwrap();
        config.agents.stream = true;
        config.provider.api_key = Some(Secret::new("sk-secret-1234567890"));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        (runtime, Agent::new(&home).unwrap(), config)
    }

    /// Returns a stored session.
    fn session(&self, id: &str) -> Session {
        Session::parse(&fs::read(self.path(&format!("sessions/{id}.json"))).unwrap()).unwrap()
    }
}

fn input(text: &str) -> Input {
    Input::parse(text).unwrap()
}

#[test]
fn does_not_store_conversation_of_the_caller() {
    let home = Fixture::new("ok");
    let (runtime, agent, config) = home.agent();
    let mut session = Session::new(SessionId::default());
    session.messages.push(Message::new(Role::User, "before"));
    session.messages.push(Message::new(Role::Assistant, "said"));
    let mut shown = String::new();
    let answer = runtime
        .block_on(
            agent.converse(&config, session, input("Hello!"), &Stop::new(), &mut |delta| {
                if let Delta::Text(text) = delta {
                    shown.push_str(text);
                }
            }),
        )
        .unwrap();
    assert_eq!(
        (answer.text.as_str(), shown.as_str(), answer.shown),
        ("echo: Hello!", "echo: Hello!", true)
    );
    assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    assert!(!home.path("sessions").exists() && agent.store().list().unwrap().is_empty());
}

#[test]
fn stops_one_turn_or_all_turns() {
    let home = Fixture::new("silent");
    let (runtime, agent, config) = home.agent();
    let all = Stop::new();
    let (one, other) = (all.child(), all.child());
    one.stop();
    assert!(one.is_stopped() && !other.is_stopped() && !all.is_stopped());
    runtime.block_on(async {
        let ask = async |stop: &Stop| {
            let session = Session::new(SessionId::default());
            agent
                .converse(&config, session, input("Hello!"), stop, &mut |_| {})
                .await
                .unwrap_err()
                .fault
        };
        let begun = Instant::now();
        assert!(
            matches!(ask(&one).await, Fault::Stopped),
            "nothing is sent that is not wanted any more"
        );
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            all.stop();
        };
        let (fault, ()) = tokio::join!(ask(&other), stopping);
        assert!(matches!(fault, Fault::Stopped) && begun.elapsed() < Duration::from_secs(2));
    });
}

#[test]
fn reads_and_stores_session_on_other_threads() {
    let home = Fixture::new("ok");
    let (runtime, agent, config) = home.agent();
    for number in 0..2 {
        let stop = Stop::new();
        let mut show = |_: Delta<'_>| {};
        let turn = agent.answer(&config, SessionId::default(), input("Hello!"), &stop, &mut show);
        let answer = runtime.block_on(turn).unwrap();
        assert!(answer.incomplete.is_none() && answer.warnings.is_empty());
        assert_eq!(home.session("default").messages.len(), 2 * number + 2);
    }
}
