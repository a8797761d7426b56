//! Clients that use up the gateway's time, connections, log or disk. The tests are in
//! `xtask/acceptance/hostile.py`.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::child::Guarded;
use serde_json::{Value, json};
use testkit::{Gateway, http, listening_url};

use super::cases;
use crate::{
    small_disk::SmallDisk,
    weft::context::{TOKEN, WeftContext},
};

cases! {
    long hostile:
    large_requests_keep_nobody_waiting,
    sockets_that_never_read_block_nobody,
    simultaneous_probes_find_gateway_ready,
    refusal_is_read_behind_four_megabytes,
    full_disk_makes_gateway_unready,
    ends_in_time_while_reading_requests,
    ends_in_time_while_nobody_reads,
    ends_in_time_while_log_blocks,
}

/// The time limit of its end.
const LIMIT: Duration = Duration::from_secs(10);

/// A number of sockets that would block a gateway which waits for its clients.
const SOCKETS: u32 = 1600;

/// The time for which a result of `/readyz` is reused.
const FRESH: Duration = Duration::from_secs(3);

fn tried(test: &WeftContext<'_>, case: &str, gateway: &Gateway, mut given: Value) -> Result<()> {
    given["url"] = gateway.url().into();
    test.script("hostile", case, given)
}

/// Asks the gateway to end, and checks that it does in time and without an error.
fn ends(gateway: Gateway) -> Result<()> {
    let start = Instant::now();
    let status = gateway.terminate(LIMIT + Duration::from_secs(1))?;
    ensure!(start.elapsed() <= LIMIT, "it took {:.1?} to end", start.elapsed());
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

fn large_requests_keep_nobody_waiting(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    tried(
        test,
        "large",
        &gateway,
        json!({ "messages": 20_000, "requests": 4 }),
    )
}

fn sockets_that_never_read_block_nobody(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    tried(test, "slow_readers", &gateway, json!({ "sockets": SOCKETS }))
}

fn simultaneous_probes_find_gateway_ready(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    tried(test, "probes", &gateway, json!({ "times": 25, "clients": 8 }))
}

fn refusal_is_read_behind_four_megabytes(test: &WeftContext<'_>) -> Result<()> {
    let times = json!({ "times": 60, "token": TOKEN });
    tried(test, "refusals", &test.gateway_with_token("ok")?, times.clone())?;
    tried(
        test,
        "foreign",
        &test.within("foreign")?.gateway("ok")?,
        times.clone(),
    )?;
    let busy = test.within("busy")?;
    busy.configure_with(
        "stream-stalled",
        json!({ "timeout_secs": 60 }),
        json!({ "max_concurrent": 1 }),
    )?;
    let gateway = busy.start()?;
    let mut first = http::say(gateway.address(), "busy", "hello")?;
    first.piece()?;
    tried(test, "busy", &gateway, times)
}

fn full_disk_makes_gateway_unready(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let sessions = test.home().join("sessions");
    fs::create_dir_all(&sessions)?;
    let Some(_disk) = SmallDisk::mount(&sessions)? else {
        return no_room(test);
    };
    let gateway = test.start()?;
    let ready = || -> Result<u16> { Ok(http::get(gateway.address(), "/readyz", None)?.status) };
    ensure!(
        http::say(gateway.address(), "kept", "hello")?
            .raw()?
            .contains(r#""clawft":{"stored":true}"#),
        "not stored"
    );
    ensure!(ready()? == 200, "it is not ready with room on the disk");
    fill(&sessions.join("filler"))?;
    thread::sleep(FRESH);
    ensure!(ready()? == 503, "it is ready with a full disk");
    ensure!(
        http::get(gateway.address(), "/healthz", None)?.status == 200,
        "`/healthz` does not succeed"
    );
    let told = http::say(gateway.address(), "kept", &"x".repeat(5000))?.raw()?;
    let expected = r#""clawft":{"stored":false,"reason":"disk_full"}"#;
    ensure!(
        told.contains(expected) && told.contains("[DONE]"),
        "the client is told {told}"
    );
    fs::remove_file(sessions.join("filler"))?;
    thread::sleep(FRESH);
    ensure!(ready()? == 200, "it is not ready with room again");
    Ok(())
}

/// Writes until the disk is full.
fn fill(path: &std::path::Path) -> Result<()> {
    let mut file = fs::File::create(path)?;
    while file.write_all(&[1; 1024]).is_ok() {}
    Ok(())
}

/// Runs the checks where no disk can be mounted, with a gateway that can write only tiny files.
fn no_room(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.start_without_room()?;
    ensure!(
        http::get(gateway.address(), "/readyz", None)?.status == 503,
        "it is ready without room"
    );
    ensure!(
        http::get(gateway.address(), "/healthz", None)?.status == 200,
        "`/healthz` does not succeed"
    );
    Ok(())
}

fn ends_in_time_while_reading_requests(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    tried(
        test,
        "send_large",
        &gateway,
        json!({ "messages": 100_000, "requests": 16 }),
    )?;
    ends(gateway)
}

fn ends_in_time_while_nobody_reads(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    let given = json!({ "url": gateway.url(), "sockets": SOCKETS });
    thread::scope(|scope| {
        let clients = scope.spawn(|| test.script("hostile", "slow_readers_until_the_end", given));
        let ended = wait_for_connections(&gateway).and_then(|()| ends(gateway));
        let clients = clients.join();
        ended.and(clients.unwrap_or_else(|_| bail!("the clients panicked")))
    })
}

/// Waits until most of the connections that one address may have are open. Ours is one of them, and is closed if there
/// are too many.
fn wait_for_connections(gateway: &Gateway) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let Ok(metrics) = http::get(gateway.address(), "/metrics", None).and_then(|answer| answer.raw())
        else {
            return Ok(());
        };
        let count = metrics
            .lines()
            .find_map(|line| line.strip_prefix("clawft_connections ")?.parse::<u32>().ok());
        if count.is_some_and(|count| count > 700) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "there are {count:?} connections");
        thread::sleep(Duration::from_millis(50));
    }
}

fn ends_in_time_while_log_blocks(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let shell = test.shell()?;
    let command = test.at_home(test.fixture.weft(&shell)).arg("gateway");
    let streams = [Stdio::null(), Stdio::null(), Stdio::piped()];
    let mut gateway = Guarded::spawn(command, streams, "start the gateway")?;
    let mut log = BufReader::new(gateway.child().stderr.take().context("the gateway has no log")?);
    let url = loop {
        let mut line = String::new();
        ensure!(
            log.read_line(&mut line)? > 0,
            "the gateway ended before it listened"
        );
        if let Some(url) = listening_url(&line) {
            break url;
        }
    };
    // From here on nobody reads the log. A pipe has room for some hundred lines.
    test.script("hostile", "many", json!({ "url": url, "times": 3000 }))?;
    let id = gateway.child().id();
    let start = Instant::now();
    test.signal(id, "TERM")?;
    let status = gateway.wait(LIMIT + Duration::from_secs(1))?;
    ensure!(
        start.elapsed() <= LIMIT && status.success(),
        "it ended with {status} after {:.1?}",
        start.elapsed()
    );
    drop(log);
    Ok(())
}
