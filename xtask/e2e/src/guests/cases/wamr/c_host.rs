//! The example of a host in C, with the smallest WAMR that runs the module.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{
    child::{self, Guarded},
    ui,
};
use serde_json::json;
use xshell::cmd;

use crate::{
    guests::{
        context::{GuestContext, KEY, KEY_VARIABLE},
        fixture::Host,
    },
    harness::case::cases,
};

/// The time limit, because the host has none.
const LIMIT: Duration = Duration::from_secs(30);

cases! {
    c_host:
    answers_host_in_c_whole_and_streamed,
    host_in_c_performs_calls_of_its_tool,
    reports_errors_to_host_in_c,
    host_in_c_stays_small,
}

fn answers_host_in_c_whole_and_streamed(test: &GuestContext<'_>) -> Result<()> {
    for (name, stream) in [("whole", false), ("streamed", true)] {
        let test = &test.within(name)?;
        test.configure_agent("ok", json!({ "stream": stream }))?;
        let ended = talk(test)?;
        ensure!(
            ended == (Some(0), "echo: hello there\n".to_owned(), String::new()),
            "ended with {ended:?}"
        );
        test.stored(
            "default",
            &[("user", "hello there"), ("assistant", "echo: hello there")],
        )?;
    }
    Ok(())
}

fn host_in_c_performs_calls_of_its_tool(test: &GuestContext<'_>) -> Result<()> {
    for (name, stream) in [("whole", false), ("streamed", true)] {
        let test = &test.within(name)?;
        test.configure_agent("tools", json!({ "stream": stream }))?;
        let ended = say(
            test,
            "lookup_order {\"id\":\"B-1\"}\nlookup_order {\"id\":\"A-17\"}",
        )?;
        ensure!(
            ended == (Some(0), "done: shipped\n".to_owned(), String::new()),
            "ended with {ended:?}"
        );
        let requests = test.received(3)?;
        ensure!(
            requests[0].body.contains("Returns the state of an order."),
            "the tool is not offered"
        );
        ensure!(
            requests[1].body.contains("there is no such order"),
            "the model does not get the error"
        );
    }
    Ok(())
}

fn reports_errors_to_host_in_c(test: &GuestContext<'_>) -> Result<()> {
    test.configure("status-401")?;
    let (exit, printed, said) = talk(test)?;
    ensure!(
        exit == Some(1) && printed.is_empty(),
        "ended with {exit:?}, and printed `{printed}`"
    );
    ensure!(
        said.starts_with("error: Invalid API key") && !said.contains(KEY),
        "said `{said}`"
    );
    test.configure_at("http://127.0.0.1:1/v1", json!({ "retries": 0 }))?;
    let (_, _, said) = talk(test)?;
    ensure!(
        said.starts_with("error: HTTP unavailable: no connection"),
        "said `{said}`"
    );
    test.stored_nothing()?;
    test.configure("ok")?;
    test.make_sessions_unwritable()?;
    let (exit, printed, said) = talk(test)?;
    ensure!(
        exit == Some(1) && printed == "echo: hello there\n",
        "ended with {exit:?}, and printed `{printed}`"
    );
    ensure!(said.starts_with("the answer is not stored"), "said `{said}`");
    Ok(())
}

/// The limit is far above the size, which differs between compilers.
fn host_in_c_stays_small(test: &GuestContext<'_>) -> Result<()> {
    let host = size(host(test)?)?;
    let module = size(&test.fixture.shipped.wasip1)?;
    ui::status(
        "Measured",
        &format!("{host} bytes for a host in C with WAMR, {module} for the module"),
    );
    ensure!(host < 400_000, "the host has {host} bytes");
    Ok(())
}

/// Says hello through the host. Returns its exit code, standard output and standard error.
fn talk(test: &GuestContext<'_>) -> Result<(Option<i32>, String, String)> {
    say(test, "hello there")
}

fn say(test: &GuestContext<'_>, message: &str) -> Result<(Option<i32>, String, String)> {
    let shell = test.fixture.shell()?;
    let host = host(test)?;
    let module = &test.fixture.shipped.wasip1;
    let directory = test.granted();
    let variable = format!("{KEY_VARIABLE}={KEY}");
    let streams = test.streams();
    fs::write(&streams[0], message).context("could not write a message")?;
    let between = child::between_files(streams.each_ref().map(PathBuf::as_path))?;
    let command = cmd!(shell, "{host} {module} {directory} {variable}");
    let status = Guarded::spawn(command, between, "run the host in C")?.wait(LIMIT)?;
    let text = |file: &Path| fs::read_to_string(file).context("could not read the output of the host in C");
    Ok((status.code(), text(&streams[1])?, text(&streams[2])?))
}

fn host<'a>(test: &'a GuestContext<'_>) -> Result<&'a Path> {
    match &test.fixture.host {
        Host::Wamr(wamr) => Ok(&wamr.c_host),
        other => bail!("this case is about WAMR, and runs on {other}"),
    }
}

fn size(file: &Path) -> Result<u64> {
    Ok(fs::metadata(file)
        .with_context(|| format!("there is no `{}`", file.display()))?
        .len())
}
