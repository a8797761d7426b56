//! The binary for the other architecture, in an emulator.

use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::http;

use super::cases;
use crate::smoke::weft::place::Place;

cases! {
    foreign:
    foreign_binary_answers_in_emulator,
    foreign_gateway_serves_in_emulator,
}

fn foreign_binary_answers_in_emulator(place: &Place<'_>) -> Result<()> {
    let [own, other] = [place.weft(&["--version"], "")?, place.foreign(&["--version"], "")?];
    other.ended_in_order()?;
    let release = |text: &str| text.split(' ').take(2).map(str::to_owned).collect::<Vec<_>>();
    ensure!(
        release(&own.stdout) == release(&other.stdout) && own.stdout != other.stdout,
        "the binaries call themselves `{}` and `{}`",
        own.stdout.trim_end(),
        other.stdout.trim_end()
    );
    place.configure("ok")?;
    place.foreign(&["chat", "hello"], "")?.answered("echo: hello")?;
    place.configure("stream-slow")?;
    place.foreign(&["chat", "--session", "slow", "one two three"], "")?.answered("echo: one two three")
}

fn foreign_gateway_serves_in_emulator(place: &Place<'_>) -> Result<()> {
    place.configure("ok")?;
    let gateway = place.start_foreign()?;
    let text = http::say(gateway.address(), "emulated", "hello")?.text()?;
    ensure!(text == "echo: hello", "it answers `{text}`");
    let status = gateway.terminate(Duration::from_secs(10))?;
    ensure!(status.success(), "told to end, it ended with {status}");
    Ok(())
}
