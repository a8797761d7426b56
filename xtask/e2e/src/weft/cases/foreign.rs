//! The binary for the other architecture, in an emulator.

use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::http;

use super::cases;
use crate::weft::context::WeftContext;

cases! {
    foreign:
    foreign_binary_answers_in_emulator,
    foreign_gateway_serves_in_emulator,
}

fn foreign_binary_answers_in_emulator(test: &WeftContext<'_>) -> Result<()> {
    let [own, other] = [test.weft(&["--version"], "")?, test.foreign(&["--version"], "")?];
    other.ended_in_order()?;
    let release = |text: &str| text.split(' ').take(2).map(str::to_owned).collect::<Vec<_>>();
    ensure!(
        release(&own.stdout) == release(&other.stdout) && own.stdout != other.stdout,
        "the binaries call themselves `{}` and `{}`",
        own.stdout.trim_end(),
        other.stdout.trim_end()
    );
    test.configure("ok")?;
    test.foreign(&["chat", "hello"], "")?.answered("echo: hello")?;
    test.configure("stream-slow")?;
    test.foreign(&["chat", "--session", "slow", "one two three"], "")?
        .answered("echo: one two three")
}

fn foreign_gateway_serves_in_emulator(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let gateway = test.start_foreign()?;
    let text = http::say(gateway.address(), "emulated", "hello")?.text()?;
    ensure!(text == "echo: hello", "it answers `{text}`");
    let status = gateway.terminate(Duration::from_secs(10))?;
    ensure!(status.success(), "asked to end, it ended with {status}");
    Ok(())
}
