//! The examples of hosts that embed the component, and the interface that they use.

use std::{ffi::OsString, fs, path::PathBuf, sync::Mutex, time::Duration};

use anyhow::{Context as _, Result, ensure};
use builds::on_demand::OnDemand;
use devkit::{
    child::{self, Guarded},
    cmd,
};
use serde_json::{Value, json};
use testkit::merged;
use toolchain::{Node, Program, Python};
use xshell::cmd;

use super::cases;
use crate::guests::context::{GuestContext, KEY};

/// The host in Rust. Its libraries are those of the test host.
const RUST: OnDemand = OnDemand {
    package: "clawft-example-rust",
    workspace: None,
    profile: "test-host",
    first_time: "the example of a host in Rust, once for this machine: about 2 minutes on 2 cores",
    sources: &["examples/rust", "crates/clawft-wasm/wit"],
    prepare: |_| Ok(()),
};

/// The variable that the examples pass on as the provider's key.
const VARIABLE: &str = "CLAWFT_KEY";

/// The time limit of an example, which compiles the component first.
const LIMIT: Duration = Duration::from_secs(300);

/// A question that makes the model call the tool of the examples twice, and then answer with the second result.
const QUESTION: &str = "lookup_order {\"id\":\"B-1\"}\nlookup_order {\"id\":\"A-17\"}";

/// A question that makes the model call the tool once.
const ORDER: &str = "lookup_order {\"id\":\"A-17\"}";

/// The flags with which jco makes the functions of the component asynchronous, for a browser.
const BROWSER: &[&str] = &[
    "--async-mode",
    "jspi",
    "--async-wasi-imports",
    "--async-exports",
    "clawft:agent/turns@0.2.0#begin",
    "clawft:agent/turns@0.2.0#[method]turn.next",
    "clawft:agent/turns@0.2.0#[method]turn.answer",
    "clawft:agent/turns@0.2.0#[method]turn.cancel",
    "clawft:agent/turns@0.2.0#list-sessions",
    "clawft:agent/turns@0.2.0#export-session",
    "clawft:agent/turns@0.2.0#delete-session",
    "process-message",
    "wasi:cli/run@0.2.0#run",
];

/// Held while packages are fetched: cases run at the same time.
static FETCHING: Mutex<()> = Mutex::new(());

cases! {
    embed:
    component_shows_interface_with_version,
    host_in_rust_performs_calls_of_its_tool,
    host_in_rust_reports_errors,
    host_in_python_performs_calls_of_its_tool,
    host_in_python_reports_errors,
    two_turns_at_once_and_their_sessions,
    cancelled_turn_keeps_text_dropped_one_nothing,
    slow_host_gets_the_complete_answer,
    tool_of_the_host_uses_the_component,
    tool_of_the_host_cancels_its_turn,
    each_error_has_its_kind,
    host_in_node_performs_calls_of_its_tool,
    host_in_node_reports_errors,
    page_performs_calls_of_its_tool,
    page_changes_a_file_of_its_workspace,
    cancel_while_next_waits_comes_after_it,
}

fn component_shows_interface_with_version(test: &GuestContext<'_>) -> Result<()> {
    let shell = test.fixture.shell()?;
    let (wasm_tools, component) = (&test.fixture.wasm_tools, &test.fixture.component);
    let wit = cmd::read(
        cmd!(shell, "{wasm_tools} component wit {component}"),
        "read the component's interface",
    )?;
    for line in [
        "export clawft:agent/turns@0.2.0;",
        "export process-message: func(message: string) -> result<string, string>;",
        "export capabilities: func() -> string;",
        "next: func() -> result<event, error>;",
    ] {
        ensure!(wit.contains(line), "the interface lacks `{line}`");
    }
    Ok(())
}

/// Returns the program of the host in Rust with the component.
fn rust(test: &GuestContext<'_>) -> Result<Vec<OsString>> {
    let program = RUST.ensure_built(&test.fixture.project)?;
    Ok(vec![program.into(), test.fixture.component.clone().into()])
}

fn host_in_rust_performs_calls_of_its_tool(test: &GuestContext<'_>) -> Result<()> {
    performs_calls(test, &rust(test)?)
}

fn host_in_rust_reports_errors(test: &GuestContext<'_>) -> Result<()> {
    reports_errors(test, &rust(test)?)
}

/// Checks that the host `program` names the kind of an error, and its message.
fn reports_errors(test: &GuestContext<'_>, program: &[OsString]) -> Result<()> {
    configure(test, "status-401")?;
    let (exit, printed, said) = run(test, program, "hello")?;
    ensure!(
        exit == Some(1) && printed.is_empty(),
        "ended with {exit:?}, and printed `{printed}`"
    );
    ensure!(
        said.to_lowercase().contains("key") && said.contains("Invalid API key"),
        "said `{said}`"
    );
    test.stored_nothing()
}

/// Returns the program of the host in Python with the component.
fn python(test: &GuestContext<'_>) -> Result<Vec<OsString>> {
    let _fetching = FETCHING.lock();
    let project = &test.fixture.project;
    let python = toolchain::python(project, Python::Embed)?.join("python3");
    let script = project.root.join("examples/python/host.py");
    let component = test.fixture.component.clone();
    Ok(vec![python.into(), "-B".into(), script.into(), component.into()])
}

fn host_in_python_performs_calls_of_its_tool(test: &GuestContext<'_>) -> Result<()> {
    performs_calls(test, &python(test)?)
}

fn host_in_python_reports_errors(test: &GuestContext<'_>) -> Result<()> {
    reports_errors(test, &python(test)?)
}

/// Runs a case of the script about the interface's functions.
fn script(test: &GuestContext<'_>, case: &str, given: Value) -> Result<()> {
    let shell = test.fixture.shell()?;
    let project = &test.fixture.project;
    let python = python(test)?.remove(0);
    let script = project.root.join("xtask/acceptance/turns.py");
    let more = json!({
        "example": project.root.join("examples/python"),
        "component": test.fixture.component,
        "directory": test.granted(),
        "key": KEY,
    });
    let command = cmd!(shell, "{python} -B {script} {case}").stdin(merged(given, more).to_string());
    cmd::run_quietly(command, "use the interface", 20)
}

/// Returns a configuration for `scenario` as JSON text, with the key.
fn configuration(test: &GuestContext<'_>, scenario: &str) -> String {
    let provider = json!({
        "api_base": api_base(test, scenario), "api_key": KEY, "retries": 0, "timeout_secs": 1,
    });
    let config = json!({
        "agents": { "model": "gpt-4o-mini" }, "providers": { "providers": { "openai": provider } },
    });
    config.to_string()
}

fn two_turns_at_once_and_their_sessions(test: &GuestContext<'_>) -> Result<()> {
    let configuration = configuration(test, "stream-slow");
    script(test, "turns", json!({ "configuration": configuration }))
}

fn cancelled_turn_keeps_text_dropped_one_nothing(test: &GuestContext<'_>) -> Result<()> {
    let configuration = configuration(test, "stream-slow");
    script(test, "cancel", json!({ "configuration": configuration }))
}

/// The provider may pause for five seconds; the host pauses for longer, while the answer waits for it.
fn slow_host_gets_the_complete_answer(test: &GuestContext<'_>) -> Result<()> {
    let mut configuration: Value = serde_json::from_str(&configuration(test, "stream-slow"))?;
    let provider = &mut configuration["providers"]["providers"]["openai"];
    provider["timeout_secs"] = json!(30);
    provider["idle_timeout_secs"] = json!(5);
    let given = json!({ "configuration": configuration.to_string(), "pause": 6 });
    script(test, "slow", given)
}

fn tool_of_the_host_uses_the_component(test: &GuestContext<'_>) -> Result<()> {
    let configuration = configuration(test, "tools");
    script(
        test,
        "within_a_tool",
        json!({ "configuration": configuration, "message": ORDER }),
    )
}

fn tool_of_the_host_cancels_its_turn(test: &GuestContext<'_>) -> Result<()> {
    let configuration = configuration(test, "tools");
    script(
        test,
        "cancel_in_a_tool",
        json!({ "configuration": configuration, "message": ORDER }),
    )
}

fn each_error_has_its_kind(test: &GuestContext<'_>) -> Result<()> {
    let kinds = json!({
        "status-401": "key",
        "status-429": "rate-limit",
        "status-500": "provider",
        "garbage": "provider",
        "silent": "timeout",
        "reset": "unavailable",
    });
    let names = kinds.as_object().context("an object")?.keys();
    let configurations: Value = names
        .map(|name| (name.clone(), Value::from(configuration(test, name))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    script(
        test,
        "errors",
        json!({ "kinds": kinds, "configurations": configurations }),
    )
}

/// Transpiles the component into a copy of the examples in JavaScript, which is returned. `flags` are those of jco.
fn javascript(test: &GuestContext<'_>, flags: &[&str]) -> Result<PathBuf> {
    let _fetching = FETCHING.lock();
    let project = &test.fixture.project;
    let directory = test.path("javascript");
    let programs = toolchain::node(project, Node::Embed)?;
    let packages = programs
        .parent()
        .context("the programs of npm are in no directory")?;
    fs::create_dir_all(&directory).context("could not make a directory")?;
    for name in [
        "agent.mjs",
        "host.mjs",
        "page.mjs",
        "serve.mjs",
        "index.html",
        "package.json",
    ] {
        let original = project.root.join("examples/javascript").join(name);
        fs::copy(original, directory.join(name)).context("could not copy an example")?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(packages, directory.join("node_modules")).context("could not make a link")?;
    let shell = test.fixture.shell()?;
    let component = &test.fixture.component;
    let (jco, agent) = (programs.join("jco"), directory.join("agent"));
    let transpile = cmd!(
        shell,
        "{jco} transpile {component} -o {agent} --name clawft --quiet {flags...}"
    );
    cmd::run_quietly(transpile, "transpile the component", 20)?;
    Ok(directory)
}

/// Returns the program of the host in Node.js with the component as modules.
fn node(test: &GuestContext<'_>) -> Result<Vec<OsString>> {
    let directory = javascript(test, &[])?;
    Ok(vec![
        "node".into(),
        directory.join("host.mjs").into(),
        directory.join("agent/clawft.js").into(),
    ])
}

fn host_in_node_performs_calls_of_its_tool(test: &GuestContext<'_>) -> Result<()> {
    performs_calls(test, &node(test)?)
}

fn host_in_node_reports_errors(test: &GuestContext<'_>) -> Result<()> {
    reports_errors(test, &node(test)?)
}

/// The component runs in the browser, and waits through JSPI.
fn page_performs_calls_of_its_tool(test: &GuestContext<'_>) -> Result<()> {
    let given = json!({ "message": ORDER, "answer": "done: shipped" });
    page(test, "page", "tools", given)?;
    let requests = test.received(2)?;
    ensure!(
        requests.iter().all(|request| !request.body.contains(KEY)),
        "a body holds the key"
    );
    Ok(())
}

fn cancel_while_next_waits_comes_after_it(test: &GuestContext<'_>) -> Result<()> {
    page(test, "cancel_while_waiting", "silent", json!({}))
}

fn page_changes_a_file_of_its_workspace(test: &GuestContext<'_>) -> Result<()> {
    let edit = r#"edit_file {"path":"a.txt","old_text":"teh","new_text":"the"}"#;
    let message = ["read_file {\"path\":\"a.txt\"}", edit].join("\n");
    let events = json!([
        "notice: read_file a.txt",
        "notice: edit_file a.txt",
        "text: done: written, changed from line 1 on; the file has 8 bytes",
        "complete",
        "the end\n",
    ]);
    page(
        test,
        "files",
        "tools",
        json!({ "message": message, "events": events }),
    )
}

/// Runs a case of the script about the page, whose provider answers with `scenario`. `given` is for the case.
fn page(test: &GuestContext<'_>, case: &str, scenario: &str, given: Value) -> Result<()> {
    let project = &test.fixture.project;
    let directory = javascript(test, BROWSER)?;
    let (python, chromium) = {
        let _fetching = FETCHING.lock();
        let python = toolchain::python(project, Python::Acceptance)?.join("python3");
        (python, toolchain::program(project, Program::Chromium)?)
    };
    let provider = api_base(test, scenario);
    let shell = test.fixture.shell()?;
    let serve = directory.join("serve.mjs");
    let agent = directory.join("agent");
    let server = cmd!(shell, "node {serve} {agent} {provider}").env(VARIABLE, KEY);
    let (_server, url) = Guarded::server(server, "the server of the page")?;
    let given = merged(given, json!({ "url": url.trim(), "chromium": chromium }));
    let script = project.root.join("xtask/acceptance/embed.py");
    let browse = cmd!(shell, "{python} -B {script} {case}").stdin(given.to_string());
    cmd::run_quietly(browse, "use the page", 20)
}

/// Checks that the host `program` streams the answer, after it has performed two calls of its tool.
fn performs_calls(test: &GuestContext<'_>, program: &[OsString]) -> Result<()> {
    configure(test, "tools")?;
    let (exit, printed, said) = run(test, program, QUESTION)?;
    ensure!(
        exit == Some(0) && printed == "done: shipped\n",
        "ended with {exit:?}, printed `{printed}`, and said `{said}`"
    );
    let said = said.to_lowercase();
    ensure!(
        ["complete", "orders", "true"]
            .iter()
            .all(|part| said.contains(part)),
        "said `{said}`"
    );
    let requests = test.received(3)?;
    ensure!(
        requests
            .iter()
            .all(|request| request.body.contains("\"stream\":true")),
        "no stream was requested"
    );
    ensure!(
        requests[1].body.contains("there is no order `B-1`"),
        "the model does not get the error of the tool"
    );
    let session = test.session_json("orders")?;
    ensure!(
        session["messages"]
            .as_array()
            .is_some_and(|messages| messages.len() == 6)
    );
    Ok(())
}

/// Configures the guest for `scenario`, with the key in the variable of the examples.
fn configure(test: &GuestContext<'_>, scenario: &str) -> Result<()> {
    test.configure_at(
        &api_base(test, scenario),
        json!({ "retries": 0, "api_key_env": VARIABLE }),
    )
}

/// Returns the address of the provider without TLS: the examples know neither the test's names nor its certificates.
fn api_base(test: &GuestContext<'_>, scenario: &str) -> String {
    let [presented, plain] = test.fixture.provider.addresses();
    let url = test.url(scenario).replace(presented, plain);
    url.trim_end_matches("/chat/completions").to_owned()
}

/// Runs the host `program` with its directory and a message. Returns its exit code, standard output and
/// standard error.
fn run(
    test: &GuestContext<'_>,
    program: &[OsString],
    message: &str,
) -> Result<(Option<i32>, String, String)> {
    let shell = test.fixture.shell()?;
    let directory = test.granted();
    let (program, arguments) = program.split_first().context("there is no program")?;
    let command = cmd!(shell, "{program} {arguments...} {directory} {message}").env(VARIABLE, KEY);
    let streams = test.streams();
    fs::write(&streams[0], "").context("could not write a file")?;
    let between = child::between_files(streams.each_ref().map(PathBuf::as_path))?;
    let status = Guarded::spawn(command, between, "run an example")?.wait(LIMIT)?;
    let text = |file: &PathBuf| fs::read_to_string(file).context("could not read the output of an example");
    let (printed, said) = (text(&streams[1])?, text(&streams[2])?);
    ensure!(
        !printed.contains(KEY) && !said.contains(KEY),
        "the key is printed"
    );
    Ok((status.code(), printed, said))
}
