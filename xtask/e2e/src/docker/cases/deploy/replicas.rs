//! The compose file of replicas, as it is published: Postgres, three replicas and nginx, of which clients notice
//! nothing but a second when a replica dies, is removed or is replaced.

use std::{
    fs,
    ops::RangeInclusive,
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Error, Result, anyhow, ensure};
use serde_json::{Value, json};
use testkit::{Provider, http};

use super::refuses_unreadable_configuration;
use crate::{
    docker::{
        compose::{Deployment, TOKEN},
        context::{Builder, ImageContext},
        services::{ReachableProvider, ServiceImages},
    },
    sessions,
};

/// The options of `docker compose up` for three replicas.
const THREE: [&str; 2] = ["--scale", "weft=3"];

/// The longest time until the replicas are healthy, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// The time after which the balancer has forgotten the address of a replica that is gone.
const FORGOTTEN: Duration = Duration::from_secs(2);

/// The longest time of a turn: less than a connection to an address that answers nothing takes by itself.
const LONGEST_TURN: Duration = Duration::from_secs(10);

/// The number of clients that talk while replicas come and go, each in a session of its own.
const CLIENTS: usize = 3;

/// The pause of a client after each turn.
const PAUSE: Duration = Duration::from_millis(50);

/// The number of long answers that run while a replica is removed: enough for one of that replica.
const LONG_ANSWERS: usize = 9;

/// The message of the long answers, which take 300 ms for each word: less than the 7 s that a replica waits for them.
const LONG: &str = "one two three four five six seven eight nine ten";

/// The label of the requests in the log of the provider.
const LABEL: &str = "replicas";

pub(super) fn compose_file_of_replicas_keeps_all_turns(test: &ImageContext<'_>) -> Result<()> {
    test.push(Builder::Oci, &["compose", "next"])?;
    let images = ServiceImages::prepare(test)?;
    let reachable = ReachableProvider::start(test)?;
    let settings = [
        ("POSTGRES_PASSWORD", "pw-Gw4TzLq8RnXc2Vb7"),
        ("POSTGRES_IMAGE", &images.postgres),
        ("NGINX_IMAGE", &images.nginx),
    ];
    let deployment = Deployment::new(
        test,
        "compose-replicas.yaml",
        &["proxy.conf"],
        "compose",
        &settings,
    )?;
    let replicas = Replicas {
        test,
        deployment,
        provider: &reachable.provider,
    };
    let tried = replicas.are_tried();
    replicas.deployment.end(tried)?;
    replicas.left_nothing()
}

/// The running deployment.
struct Replicas<'t, 'f> {
    test: &'t ImageContext<'f>,
    deployment: Deployment<'t, 'f>,
    provider: &'t Provider,
}

impl Replicas<'_, '_> {
    fn are_tried(&self) -> Result<()> {
        self.start()?;
        self.share_a_session()?;
        let (killed, turns) = while_clients_talk(self.address(), || {
            self.are_scaled()?;
            let killed = self.one_is_killed()?;
            self.are_updated()?;
            Ok(killed)
        })?;
        self.kept(&turns, &killed)?;
        self.start_again()
    }

    /// Starts them, at first with a configuration that they cannot read.
    fn start(&self) -> Result<()> {
        let config = self.deployment.config();
        let provider = |scenario| {
            json!({
                "kind": "openai",
                "api_base": self.provider.api_base(scenario, LABEL),
                "api_key_env": "OPENAI_API_KEY",
                "retries": 0,
            })
        };
        let text = json!({
            "agents": { "provider": "quick", "model": "gpt-4o-mini", "stream": true },
            "providers": { "providers": { "quick": provider("ok"), "slow": provider("stream-slow") } },
        });
        fs::write(&config, format!("{text:#}")).context("could not write the configuration")?;
        refuses_unreadable_configuration(&self.deployment, "weft", &THREE)?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o644))?;
        self.deployment
            .succeeds(&[&["up", "--detach"], &THREE[..]].concat())?;
        self.are_healthy()?;
        self.deployment.is_ready()
    }

    /// Sends turns one by one, and then several at once: each is kept once, and each replica has answered some.
    fn share_a_session(&self) -> Result<()> {
        let said: Vec<String> = (0..12).map(|number| format!("turn {number}")).collect();
        for text in &said {
            self.turn("shared", text)?;
        }
        ensure!(
            questions(self.address(), "shared")? == said,
            "the turns are not in their order"
        );
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    scope.spawn(move || {
                        (0..10).try_for_each(|number| self.turn("crowded", &format!("{client} {number}")))
                    })
                })
                .collect();
            clients
                .into_iter()
                .try_for_each(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
        })?;
        let found = questions(self.address(), "crowded")?;
        ensure!(found.len() == CLIENTS * 10, "the session holds {found:?}");
        for client in 0..CLIENTS {
            let own = found
                .iter()
                .filter(|text| text.starts_with(&format!("{client} ")));
            let expected = (0..10).map(|number| format!("{client} {number}"));
            ensure!(
                own.eq(expected.collect::<Vec<_>>().iter()),
                "the session holds {found:?}"
            );
        }
        for number in 1..=3 {
            let name = self.replica(number);
            let log = self.test.docker(&["logs", &name])?;
            ensure!(
                log.stderr.contains("/v1/chat/completions"),
                "`{name}` has answered nothing"
            );
        }
        Ok(())
    }

    /// Removes a replica while long answers run, which are not cut off, and starts another one.
    fn are_scaled(&self) -> Result<()> {
        let mut answers = (0..LONG_ANSWERS)
            .map(|_| self.long_answer())
            .collect::<Result<Vec<_>>>()?;
        self.deployment
            .succeeds(&["up", "--detach", "--scale", "weft=2"])?;
        ensure!(self.running("weft")? == 2, "two replicas do not run");
        for (first, answer) in &mut answers {
            let text = format!("{first}{}", answer.text()?);
            ensure!(text == format!("echo: {LONG}"), "a long answer ended as `{text}`");
        }
        self.deployment
            .succeeds(&[&["up", "--detach"], &THREE[..]].concat())?;
        ensure!(self.running("weft")? == 3, "three replicas do not run");
        Ok(())
    }

    /// Kills a replica. Returns the time in which turns may fail: those that it was answering, and those that meet its
    /// address.
    fn one_is_killed(&self) -> Result<RangeInclusive<Instant>> {
        let begun = Instant::now();
        self.test.docker_prints(&["kill", &self.replica(1)])?;
        let ended = Instant::now() + FORGOTTEN;
        thread::sleep(FORGOTTEN + Duration::from_secs(1));
        ensure!(self.running("weft")? == 2, "the killed replica runs");
        Ok(begun..=ended)
    }

    /// Replaces the replicas by those of another image, as docs/deploy.md says.
    fn are_updated(&self) -> Result<()> {
        self.deployment.choose_image("next")?;
        self.deployment
            .succeeds(&["up", "--detach", "--wait", "--no-recreate", "--scale", "weft=6"])?;
        for number in 1..=3 {
            let old = self.replica(number);
            self.test.docker_prints(&["stop", &old])?;
            self.test.docker_prints(&["rm", &old])?;
            thread::sleep(FORGOTTEN);
        }
        for number in 4..=6 {
            let replica = self.replica(number);
            let image = self
                .test
                .docker_prints(&["inspect", "--format", "{{.Config.Image}}", &replica])?;
            ensure!(image.ends_with(":next"), "`{replica}` runs `{image}`");
        }
        Ok(())
    }

    /// Checks that only turns that ran in the time `killed` failed, and that the sessions hold all others once.
    fn kept(&self, turns: &[Vec<Turn>], killed: &RangeInclusive<Instant>) -> Result<()> {
        for (client, turns) in turns.iter().enumerate() {
            let mut answered = Vec::new();
            for turn in turns {
                let took = turn.ended - turn.begun;
                ensure!(took < LONGEST_TURN, "`{}` took {took:.1?}", turn.text);
                match &turn.error {
                    None => answered.push(turn.text.as_str()),
                    Some(error) => ensure!(
                        turn.begun <= *killed.end() && turn.ended >= *killed.start(),
                        "`{}` failed, {:.1?} after a replica was killed: {error:#}",
                        turn.text,
                        turn.begun.saturating_duration_since(*killed.start()),
                    ),
                }
            }
            let mut found = questions(self.address(), &session(client))?;
            // A turn whose answer was lost may have been stored.
            found.retain(|text| answered.contains(&text.as_str()));
            ensure!(
                found == answered,
                "the session of client {client} holds {found:?}"
            );
        }
        Ok(())
    }

    /// Removes the containers and starts them again: the conversations are still there, and go on.
    fn start_again(&self) -> Result<()> {
        let before = questions(self.address(), "shared")?;
        self.deployment.succeeds(&["down"])?;
        ensure!(self.running("weft")? == 0, "a replica runs");
        self.deployment
            .succeeds(&[&["up", "--detach"], &THREE[..]].concat())?;
        self.are_healthy()?;
        ensure!(
            questions(self.address(), "shared")? == before,
            "the session is another one"
        );
        self.turn("shared", "again")?;
        let requests = self.provider.requests(LABEL)?;
        let known = requests.last().context("no request")?.messages()?;
        ensure!(
            known.len() == before.len() * 2 + 1,
            "the next turn knows {known:?}"
        );
        Ok(())
    }

    /// Checks that the engine has nothing of the deployment any more.
    fn left_nothing(&self) -> Result<()> {
        let label = format!("label=com.docker.compose.project={}", self.deployment.project);
        let lists: [&[&str]; 3] = [&["ps", "--all"], &["volume", "ls"], &["network", "ls"]];
        for list in lists {
            let words = [list, &["--quiet", "--filter", &label]].concat();
            let left = self.test.docker_prints(&words)?;
            ensure!(left.is_empty(), "`docker {}` prints {left}", words.join(" "));
        }
        Ok(())
    }

    /// Waits until three replicas are healthy.
    fn are_healthy(&self) -> Result<()> {
        let deadline = Instant::now() + START;
        while self.count("weft", "health=healthy")? < 3 {
            ensure!(Instant::now() < deadline, "the replicas are not healthy");
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Returns the number of running containers of `service`.
    fn running(&self, service: &str) -> Result<usize> {
        self.count(service, "status=running")
    }

    fn count(&self, service: &str, filter: &str) -> Result<usize> {
        let project = format!("label=com.docker.compose.project={}", self.deployment.project);
        let service = format!("label=com.docker.compose.service={service}");
        let words = ["ps", "--quiet", "--filter", &project, "--filter", &service];
        let found = self
            .test
            .docker_prints(&[&words[..], &["--filter", filter]].concat())?;
        Ok(found.lines().count())
    }

    /// Returns the name of the container of a replica.
    fn replica(&self, number: usize) -> String {
        format!("{}-weft-{number}", self.deployment.project)
    }

    fn address(&self) -> &str {
        &self.deployment.published
    }

    /// Sends a turn, which has to be answered and stored.
    fn turn(&self, id: &str, text: &str) -> Result<()> {
        turn(self.address(), id, text)
    }

    /// Begins a long answer. Returns its first piece, and the rest.
    fn long_answer(&self) -> Result<(String, http::Response)> {
        let body = json!({
            "model": "slow/gpt-4o-mini",
            "stream": true,
            "messages": [{ "role": "user", "content": LONG }],
        });
        let mut answer = http::post(
            self.address(),
            "/v1/chat/completions",
            TOKEN,
            &Value::to_string(&body),
        )?;
        let first = answer.piece()?.context("a long answer has not begun")?;
        Ok((first, answer))
    }
}

/// A turn of a client.
struct Turn {
    text: String,
    begun: Instant,
    ended: Instant,
    /// The reason why it was not answered, or not stored.
    error: Option<Error>,
}

/// Does `work` while clients talk at `address`. Returns its result, and the turns of each client.
fn while_clients_talk<T>(address: &str, work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<Vec<Turn>>)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || talk(address, &session(client), over)))
            .collect();
        let done = work();
        over.store(true, Ordering::Relaxed);
        let turns = clients
            .into_iter()
            .map(|client| client.join().map_err(|_| anyhow!("a client panicked")))
            .collect::<Result<_>>();
        Ok((done?, turns?))
    })
}

/// Sends turns one after the other until it is `over`.
fn talk(address: &str, id: &str, over: &AtomicBool) -> Vec<Turn> {
    let mut turns = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let text = format!("{id} {}", turns.len());
        let begun = Instant::now();
        let error = turn(address, id, &text).err();
        turns.push(Turn {
            text,
            begun,
            ended: Instant::now(),
            error,
        });
        thread::sleep(PAUSE);
    }
    turns
}

/// Returns the name of the session of a client that talks while replicas come and go.
fn session(client: usize) -> String {
    format!("client-{client}")
}

/// Sends a turn, which has to be answered and stored.
fn turn(address: &str, id: &str, text: &str) -> Result<()> {
    let answer = sessions::turn(address, id, text, Some(TOKEN))?;
    ensure!(
        answer == format!("echo: {text}"),
        "`{text}` is answered by `{answer}`"
    );
    Ok(())
}

/// Returns the questions in a session, each of which has its answer.
fn questions(address: &str, id: &str) -> Result<Vec<String>> {
    let texts = sessions::texts(address, id, Some(TOKEN))?;
    let turns = texts.chunks(2).map(|turn| match turn {
        [question, answer] if *answer == format!("echo: {question}") => Ok(question.clone()),
        _ => Err(anyhow!("a turn is torn: {texts:?}")),
    });
    turns.collect()
}
