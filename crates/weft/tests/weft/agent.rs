//! The agent as a library, as the gateway uses it.

use crate::common::{self, KEY};
use clawft_types::{Config, Input, Message, Role, Session, SessionId};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use weft::{Agent, ConfigFile, Fault, Home, Stop};

/// The agent at home there, with what it needs. The key is given in the configuration: a test does not change its own
/// environment.
fn agent(home: &common::Home) -> (Runtime, Agent, Config) {
    let place = Home { folder: home.folder.path().to_owned(), config: home.path("config.json") };
    let mut config = ConfigFile::read(&place).unwrap().agent().unwrap();
    config.agents.stream = true;
    config.provider.api_key = Some(clawft_types::Secret::new(KEY));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    (runtime, Agent::new(&place).unwrap(), config)
}

fn input(text: &str) -> Input {
    Input::parse(text).unwrap()
}

#[test]
fn a_conversation_that_the_caller_holds_is_not_stored() {
    let home = common::Home::new("ok");
    let (runtime, agent, config) = agent(&home);
    let mut session = Session::new(SessionId::default());
    session.messages.push(Message::new(Role::User, "before"));
    session.messages.push(Message::new(Role::Assistant, "said"));
    let mut shown = String::new();
    let answer = runtime
        .block_on(
            agent.converse(&config, session, input("Hello!"), &Stop::new(), &mut |text| shown.push_str(text)),
        )
        .unwrap();
    assert_eq!((answer.text.as_str(), shown.as_str(), answer.shown), ("echo: Hello!", "echo: Hello!", true));
    assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    assert!(!home.path("sessions").exists() && agent.store().list().unwrap().is_empty());
}

#[test]
fn each_turn_can_be_stopped_alone_and_all_together() {
    let home = common::Home::new("silent");
    let (runtime, agent, config) = agent(&home);
    let all = Stop::new();
    let (one, other) = (all.child(), all.child());
    one.stop();
    assert!(one.is_stopped() && !other.is_stopped() && !all.is_stopped());
    runtime.block_on(async {
        let ask = async |stop: &Stop| {
            let session = Session::new(SessionId::default());
            agent.converse(&config, session, input("Hello!"), stop, &mut |_| {}).await.unwrap_err().fault
        };
        let begun = Instant::now();
        assert!(matches!(ask(&one).await, Fault::Stopped), "nothing is sent that is not wanted any more");
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            all.stop();
        };
        let (fault, ()) = tokio::join!(ask(&other), stopping);
        assert!(matches!(fault, Fault::Stopped) && begun.elapsed() < Duration::from_secs(2));
    });
}

#[test]
fn sessions_are_read_and_stored_beside_the_work() {
    let home = common::Home::new("ok");
    let (runtime, agent, config) = agent(&home);
    for number in 0..2 {
        let (stop, mut show) = (Stop::new(), |_: &str| {});
        let turn = agent.answer(&config, SessionId::default(), input("Hello!"), &stop, &mut show);
        let answer = runtime.block_on(turn).unwrap();
        assert!(answer.incomplete.is_none() && answer.warnings.is_empty());
        assert_eq!(home.session("default").messages.len(), 2 * number + 2);
    }
}
