//! Tools that the model calls: what they do, what they reach, and what they do not. The same cases run on wasmtime and
//! through the exported functions of the module on WAMR.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use anyhow::{Context as _, Result, bail, ensure};
use builds::files;
use serde_json::{Value, json};

use super::{cases, wamr};
use crate::{
    guests::{context::GuestContext, fixture::Host, guest::Guest},
    mcp_servers::Servers,
};

cases! {
    tools:
    reads_a_file_changes_it_and_reports,
    performs_every_built_in_tool,
    offers_only_what_is_configured_and_granted,
    keeps_configuration_out_of_reach,
    keeps_configuration_out_of_reach_of_exchanged_links,
    tells_the_model_of_declined_calls,
    fetches_from_listed_origins,
    calls_reference_server_of_tools,
    calls_python_server_of_tools,
    servers_that_are_down_cost_warnings,
    keeps_calls_of_a_turn_that_ends_early,
}

/// The directory of the workspace, beside the granted one.
const WORK: &str = "work";

/// Texts that no tool may return.
const SECRETS: [&str; 3] = ["CONFIG-SECRET", "SESSION-SECRET", "NOTE-SECRET"];

/// The result of a run.
struct Played {
    /// The answer.
    answer: String,
    /// The calls and warnings that were shown.
    shown: String,
    /// The results of tools in the last request.
    results: Vec<String>,
    /// The names of the tools in the last request.
    offered: Vec<String>,
}

/// Configures a provider that calls the tools in the lines of a message, and `tools`.
pub(super) fn configure(test: &GuestContext<'_>, tools: &Value) -> Result<()> {
    configure_for(test, "tools", tools)
}

/// Configures a provider that answers with `scenario`, and `tools`.
fn configure_for(test: &GuestContext<'_>, scenario: &str, tools: &Value) -> Result<()> {
    test.configure_agent(scenario, json!({}))?;
    let path = test.granted().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["tools"] = tools.clone();
    config["marker"] = json!(SECRETS[0]);
    test.write("config.json", config.to_string().as_bytes())
}

/// Returns the workspace, which holds `a.txt`.
pub(super) fn workspace(test: &GuestContext<'_>) -> Result<PathBuf> {
    let path = test.path(WORK);
    fs::create_dir_all(&path)?;
    fs::write(path.join("a.txt"), "one\ntwo\n")?;
    Ok(path)
}

/// Returns the guest for the host of these cases.
fn guest<'a>(test: &'a GuestContext<'_>) -> Guest<'a> {
    match test.fixture.host {
        Host::Wasmtime(_) => test.compiled(),
        Host::Wamr(_) => test.wasip1(),
    }
}

/// Lets the model make the calls in the lines of `script`.
fn play(test: &GuestContext<'_>, guest: Guest<'_>, script: &str) -> Result<Played> {
    let (answer, shown) = match test.fixture.host {
        Host::Wasmtime(_) => {
            let outcome = guest.say(script)?;
            ensure!(
                outcome.exit == Some(0),
                "it ended with {:?}: {}",
                outcome.exit,
                outcome.stderr
            );
            (outcome.stdout.trim_end().to_owned(), outcome.stderr)
        }
        Host::Wamr(_) => wamr::answered(guest, script)?,
    };
    let request = test.requests()?.pop().context("nothing was sent")?.json()?;
    let list = |name: &str| request[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Played {
        answer,
        shown,
        results: list("messages")
            .iter()
            .filter(|message| message["role"] == "tool")
            .map(|message| text(&message["content"]))
            .collect(),
        offered: list("tools")
            .iter()
            .map(|tool| text(&tool["function"]["name"]))
            .collect(),
    })
}

fn holds(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "`{part}` is not in `{text}`");
    }
    Ok(())
}

/// Fails unless there is a result for each of the `parts`, and holds it.
fn results_hold(played: &Played, parts: &[&str]) -> Result<()> {
    ensure!(
        played.results.len() == parts.len(),
        "the results are {:?}",
        played.results
    );
    for (result, part) in played.results.iter().zip(parts) {
        holds(result, &[part])?;
    }
    Ok(())
}

fn reads_a_file_changes_it_and_reports(test: &GuestContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "permissions": {"edit_file": "allow"}}),
    )?;
    let work = workspace(test)?;
    let script = "read_file {\"path\":\"a.txt\"}\n\
        edit_file {\"path\":\"/workspace/a.txt\",\"old_text\":\"two\",\"new_text\":\"three\"}\n\
        read_file {\"path\":\"a.txt\"}";
    let played = play(test, guest(test).workspace(work.clone()), script)?;
    ensure!(
        played.answer == "done: one\nthree",
        "the answer is `{}`",
        played.answer
    );
    ensure!(
        played.shown == "tool: read_file a.txt\ntool: edit_file /workspace/a.txt\ntool: read_file a.txt\n",
        "it printed `{}`",
        played.shown
    );
    ensure!(fs::read_to_string(work.join("a.txt"))? == "one\nthree\n");
    let session = test.session_json("default")?;
    ensure!(
        session["version"] == 2 && session["messages"].as_array().map(Vec::len) == Some(8),
        "the session is {session}"
    );
    Ok(())
}

fn performs_every_built_in_tool(test: &GuestContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "notes": true, "permissions": {"*": "allow"}}),
    )?;
    let work = workspace(test)?;
    let script = "write_file {\"path\":\"deep/er/b.txt\",\"content\":\"x = 1\\ny = 2\\n\"}\n\
        edit_file {\"path\":\"deep/er/b.txt\",\"old_text\":\"1\",\"new_text\":\"3\"}\n\
        read_file {\"path\":\"deep/er/b.txt\",\"start_line\":1,\"end_line\":1}\n\
        list_files {\"recursive\":true}\n\
        search_files {\"text\":\"y = \"};;search_files {\"name\":\"*.txt\"}\n\
        delete_file {\"path\":\"a.txt\"}\n\
        remember {\"key\":\"k\",\"text\":\"a note\"};;recall {\"key\":\"k\"};;recall {}\n\
        read_file {\"path\":\"a.txt\"}\n\
        edit_file {\"path\":\"deep/er/b.txt\",\"old_text\":\"=\",\"new_text\":\"3\"}";
    let played = play(test, guest(test).workspace(work.clone()), script)?;
    let expected = [
        "",
        "",
        "x = 3\n",
        "deep/er/b.txt  12\n",
        "deep/er/b.txt:2: y = 2",
        "a.txt\ndeep/er/b.txt\n",
        "",
        "the note is kept",
        "a note",
        "k",
        "no such file or directory",
        "2",
    ];
    results_hold(&played, &expected)?;
    ensure!(fs::read_to_string(work.join("deep/er/b.txt"))? == "x = 3\ny = 2\n");
    ensure!(!work.join("a.txt").exists(), "the file is still there");
    ensure!(fs::read_to_string(test.granted().join("notes/k.txt"))? == "a note");
    Ok(())
}

fn offers_only_what_is_configured_and_granted(test: &GuestContext<'_>) -> Result<()> {
    let work = workspace(test)?;
    let reading = ["read_file", "list_files", "search_files"];
    let writing = ["write_file", "edit_file", "delete_file"];
    configure_for(
        test,
        "ok",
        &json!({"files": {"write": true}, "run_command": true}),
    )?;
    let without = play(test, guest(test), "hello")?;
    ensure!(without.offered.is_empty(), "{:?} are offered", without.offered);
    let with = play(test, guest(test).workspace(work.clone()), "hello")?;
    ensure!(
        with.offered == [reading, writing].concat(),
        "{:?} are offered",
        with.offered
    );
    configure(
        test,
        &json!({"files": {}, "permissions": {"search_files": "deny"}}),
    )?;
    let reader = play(test, guest(test).workspace(work.clone()), "hello")?;
    ensure!(reader.offered == reading[..2], "{:?} are offered", reader.offered);
    configure_for(test, "ok", &json!({}))?;
    let none = play(test, guest(test).workspace(work), "hello")?;
    ensure!(none.offered.is_empty(), "{:?} are offered", none.offered);
    Ok(())
}

/// A way to grant directories: the names on the host, relative to the case's directory, and the guest's.
struct Mounts {
    name: &'static str,
    granted: &'static [(&'static str, &'static str)],
    /// Whether the configuration is granted as `/config`; otherwise it is in the workspace.
    config: bool,
    calls: &'static [&'static str],
}

/// The ways to ask for the configuration, the sessions and the notes.
const WAYS: [Mounts; 6] = [
    Mounts {
        name: "beside",
        granted: &[(WORK, "/workspace")],
        config: true,
        calls: &[
            r#"read_file {"path":"../config/config.json"}"#,
            r#"read_file {"path":"/config/config.json"}"#,
            r#"read_file {"path":"/workspace/../config/config.json"}"#,
            r#"read_file {"path":"a/../../config/config.json"}"#,
            r#"read_file {"path":"relative.json"}"#,
            r#"read_file {"path":"absolute.json"}"#,
            r#"read_file {"path":"directory/config.json"}"#,
            r#"read_file {"path":"chain"}"#,
            r#"read_file {"path":"hard.json"}"#,
            r#"read_file {"path":"hard-session.json"}"#,
            r#"read_file {"path":"process/root/config/config.json"}"#,
            r#"read_file {"path":"..\\config\\config.json"}"#,
            r#"read_file {"path":"%2e%2e/config/config.json"}"#,
            r#"edit_file {"path":"hard.json","old_text":"CONFIG-SECRET","new_text":"x"}"#,
            r#"write_file {"path":"directory/new.json","content":"x"}"#,
            r#"delete_file {"path":"directory/config.json"}"#,
            r#"list_files {"path":"directory"}"#,
            r#"search_files {"text":"SECRET"}"#,
            r#"recall {"key":"../config"}"#,
        ],
    },
    Mounts {
        name: "below",
        granted: &[("", "/workspace")],
        config: true,
        calls: &[
            r#"read_file {"path":"config/config.json"}"#,
            r#"read_file {"path":"/workspace/config/config.json"}"#,
            r#"read_file {"path":"config//./config.json/"}"#,
            r#"read_file {"path":"Config/Config.json"}"#,
            r#"read_file {"path":"work/../config/config.json"}"#,
            r#"read_file {"path":"work/relative.json"}"#,
            r#"read_file {"path":"config/sessions/other.json"}"#,
            r#"read_file {"path":"config/notes/k.txt"}"#,
            r#"read_file {"path":"work/hard.json"}"#,
            r#"list_files {"path":"config"}"#,
            r#"list_files {"path":"config/sessions","recursive":true}"#,
            r#"list_files {"recursive":true}"#,
            r#"search_files {"text":"SECRET"}"#,
            r#"search_files {"name":"*","path":"config"}"#,
            r#"write_file {"path":"config/config.json","content":"{}"}"#,
            r#"write_file {"path":"config/sessions/new.json","content":"{}"}"#,
            r#"write_file {"path":"work/relative.json","content":"{}"}"#,
            r#"delete_file {"path":"config/sessions/other.json"}"#,
        ],
    },
    Mounts {
        name: "same",
        granted: &[("config", "/workspace")],
        config: true,
        calls: &[
            r#"read_file {"path":"config.json"}"#,
            r#"read_file {"path":"./sessions/../config.json"}"#,
            r#"list_files {}"#,
            r#"search_files {"text":"SECRET"}"#,
            r#"write_file {"path":"new.json","content":"x"}"#,
        ],
    },
    Mounts {
        name: "sessions",
        granted: &[("config/sessions", "/workspace")],
        config: true,
        calls: &[
            r#"read_file {"path":"other.json"}"#,
            r#"list_files {}"#,
            r#"delete_file {"path":"other.json"}"#,
        ],
    },
    Mounts {
        name: "mounted-inside",
        granted: &[(WORK, "/workspace"), ("config", "/workspace/inner")],
        config: true,
        calls: &[
            r#"read_file {"path":"inner/config.json"}"#,
            r#"read_file {"path":"inner/sessions/other.json"}"#,
            r#"list_files {"path":"inner"}"#,
            r#"write_file {"path":"inner/new.json","content":"x"}"#,
        ],
    },
    Mounts {
        name: "only-below",
        granted: &[("", "/workspace")],
        config: false,
        calls: &[
            r#"read_file {"path":"config/config.json"}"#,
            r#"read_file {"path":"config/sessions/other.json"}"#,
            r#"search_files {"text":"SECRET"}"#,
            r#"write_file {"path":"config/config.json","content":"{}"}"#,
        ],
    },
];

fn keeps_configuration_out_of_reach(test: &GuestContext<'_>) -> Result<()> {
    for mounts in &WAYS {
        let test = &test.within(mounts.name)?;
        prepare_ways(test)?;
        let before = content(&test.granted())?;
        let mut guest = guest(test);
        for (host, path) in mounts.granted {
            guest = guest.directory(test.path(host), path);
        }
        if !mounts.config {
            guest = guest
                .without_directory()
                .variable("CLAWFT_CONFIG_DIR=/workspace/config".to_owned());
        }
        let played = play(test, guest, &mounts.calls.join(";;"))
            .with_context(|| format!("the directories are granted `{}`", mounts.name))?;
        ensure!(
            played.results.len() == mounts.calls.len(),
            "{} calls have {} results",
            mounts.calls.len(),
            played.results.len()
        );
        for (call, result) in mounts.calls.iter().zip(&played.results) {
            let is_listed = |line: &str| {
                ["config/", "config.json", "other.json", "sessions", "inner/"]
                    .iter()
                    .any(|name| line.starts_with(name))
            };
            let leaks = SECRETS.iter().any(|secret| result.contains(secret)) || result.lines().any(is_listed);
            ensure!(!leaks, "`{call}` returned `{result}`");
            if call.starts_with("read_file") {
                let refusals = [
                    "belongs to the configuration",
                    "outside of the workspace",
                    "symbolic link",
                    "no such file",
                    "not supported",
                    // The host's own.
                    "permission denied",
                ];
                ensure!(
                    refusals.iter().any(|refusal| result.contains(refusal)),
                    "`{call}` returned `{result}`"
                );
            }
        }
        let after = content(&test.granted())?;
        ensure!(
            after == before,
            "with the directories granted `{}`, files have changed",
            mounts.name
        );
    }
    Ok(())
}

/// Makes a configuration, sessions and notes with secrets, and links to them in the workspace.
fn prepare_ways(test: &GuestContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "notes": true, "permissions": {"*": "allow"}}),
    )?;
    let session = json!({"version": 1, "id": "other", "messages": [{"role": "user", "content": SECRETS[1]}]});
    test.write("sessions/other.json", session.to_string().as_bytes())?;
    test.write("notes/k.txt", SECRETS[2].as_bytes())?;
    let work = workspace(test)?;
    fs::create_dir_all(work.join("a"))?;
    let config = test.granted().join("config.json");
    fs::hard_link(&config, work.join("hard.json"))?;
    fs::hard_link(test.session_path("other"), work.join("hard-session.json"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("../config/config.json", work.join("relative.json"))?;
        symlink(&config, work.join("absolute.json"))?;
        symlink("../config", work.join("directory"))?;
        symlink("relative.json", work.join("chain"))?;
        symlink("/proc/self", work.join("process"))?;
    }
    Ok(())
}

/// Returns all files below `directory` with their content, but the session of the run and locks.
fn content(directory: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut content = BTreeMap::new();
    for path in files::below(directory)? {
        if !path.ends_with("sessions/default.json") {
            content.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(content)
}

/// The number of answers that call tools while a directory is exchanged, and the number of calls in each.
const EXCHANGED: [usize; 2] = [8, 100];

fn keeps_configuration_out_of_reach_of_exchanged_links(test: &GuestContext<'_>) -> Result<()> {
    prepare_ways(test)?;
    let exchanged = test.path(WORK).join("exchanged");
    fs::create_dir(&exchanged)?;
    fs::write(exchanged.join("config.json"), "{}")?;
    let before = content(&test.granted())?;
    let [answers, calls] = EXCHANGED;
    let line = |answer| {
        let calls = (0..calls).map(|at| call_of_exchanged(answer * calls + at));
        calls.collect::<Vec<_>>().join(";;")
    };
    let script: Vec<String> = (0..answers).map(line).collect();
    let guest = guest(test).directory(test.path(""), "/workspace");
    let is_over = AtomicBool::new(false);
    let (count, played) = thread::scope(|scope| {
        let exchanging = scope.spawn(|| exchange(&exchanged, &is_over));
        let played = play(test, guest, &script.join("\n"));
        is_over.store(true, Ordering::Relaxed);
        (exchanging.join(), played)
    });
    let count = count.ok().context("a thread of the case panicked")??;
    let results = played?.results;
    ensure!(
        results.len() == answers * calls,
        "there are {} results",
        results.len()
    );
    for result in &results {
        let leaks = SECRETS.iter().any(|secret| result.contains(secret)) || result.contains("other.json");
        ensure!(!leaks, "after {count} exchanges, a call returned `{result}`");
    }
    let after = content(&test.granted())?;
    ensure!(
        after == before,
        "after {count} exchanges, the configuration's directory holds {:?}",
        after.keys()
    );
    Ok(())
}

/// Returns a call of a tool with a path through the directory that is exchanged. Each `number` makes another call.
fn call_of_exchanged(number: usize) -> String {
    let path = "work/exchanged";
    match number % 7 {
        0 => format!(r#"write_file {{"path":"{path}/{number}","content":"x"}}"#),
        1 => format!(r#"write_file {{"path":"{path}/{number}/deep","content":"x"}}"#),
        2 => format!(r#"write_file {{"path":"{path}/config.json","content":"{{\"x\":{number}}}"}}"#),
        3 => format!(r#"edit_file {{"path":"{path}/config.json","old_text":"x","new_text":"{number}"}}"#),
        4 => format!(r#"delete_file {{"path":"{path}/config.json","number":{number}}}"#),
        5 => format!(r#"read_file {{"path":"{path}/config.json","number":{number}}}"#),
        _ => format!(r#"list_files {{"path":"{path}","recursive":true,"number":{number}}}"#),
    }
}

/// Exchanges a directory for the link to the configuration's directory beside it, and back, until it is over.
/// Returns the number of exchanges.
fn exchange(directory: &Path, is_over: &AtomicBool) -> Result<usize> {
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) {
        #[cfg(unix)]
        {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            let link = directory.with_file_name("directory");
            renameat_with(CWD, directory, CWD, &link, RenameFlags::EXCHANGE)
                .context("could not exchange a directory for a link")?;
        }
        count += 1;
    }
    Ok(count)
}

fn tells_the_model_of_declined_calls(test: &GuestContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "permissions": {"read_file": "deny"}}),
    )?;
    let work = workspace(test)?;
    let script = "write_file {\"path\":\"b.txt\",\"content\":\"x\"};;read_file {\"path\":\"a.txt\"};;\
        list_files {\"path\":7};;list_files {";
    let played = play(test, guest(test).workspace(work.clone()), script)?;
    ensure!(!work.join("b.txt").exists(), "the file was written");
    for part in [
        "there is no terminal to ask at: go on without it",
        "there is no such tool, known are: list_files",
        "malformed",
    ] {
        ensure!(
            played.results.iter().any(|result| result.contains(part)),
            "`{part}` is not in {:?}",
            played.results
        );
    }
    ensure!(played.results.len() == 4, "the results are {:?}", played.results);
    Ok(())
}

fn fetches_from_listed_origins(test: &GuestContext<'_>) -> Result<()> {
    let pages = test.path("pages");
    fs::create_dir_all(pages.join("inner"))?;
    fs::write(
        pages.join("inner/index.html"),
        "<html><head><title>T</title></head><body><p>One &amp; two</p><script>x</script></body></html>",
    )?;
    fs::write(pages.join("picture.bin"), [0, 159, 146, 150])?;
    fs::write(pages.join("data.json"), "{\"n\": 1}")?;
    let servers = Servers::find(&test.fixture.project)?;
    let server = servers.start_web(&test.fixture.shell()?, &pages, &test.path("web.log"))?;
    let url = &server.url;
    let elsewhere = server.url.replace("127.0.0.1", "127.0.0.2");
    configure(
        test,
        &json!({"fetch": {"allow": [url, "http://127.0.0.1:1"], "methods": ["GET", "POST"]}}),
    )?;
    let calls = [
        json!({"url": format!("{url}/data.json")}),
        // The server redirects to the same with a slash at the end.
        json!({"url": format!("{url}/inner")}),
        json!({"url": format!("{url}/picture.bin")}),
        json!({"url": format!("{url}/none")}),
        json!({"url": format!("{url}/data.json"), "method": "POST", "body": "{}"}),
        json!({"url": "http://127.0.0.1:1/x"}),
        json!({"url": format!("{elsewhere}/data.json")}),
        json!({"url": "file:///config/config.json"}),
    ];
    let script: Vec<String> = calls.iter().map(|call| format!("fetch {call}")).collect();
    let played = play(test, guest(test), &script.join(";;"))?;
    let expected = [
        "{\"n\": 1}",
        "One & two",
        "a binary body, application/octet-stream, 4 bytes",
        "the server answered with status 404",
        "no terminal to ask at",
        "cannot fetch `http://127.0.0.1:1/x`: ",
        "not one that the configuration allows",
        "begin with `https://` or `http://`",
    ];
    results_hold(&played, &expected)?;
    ensure!(
        !played.results[1].contains("script"),
        "the page is `{}`",
        played.results[1]
    );
    Ok(())
}

/// Returns the configuration of a server behind a URL, whose tools may be called.
fn served(url: &str) -> Value {
    json!({"mcp": {"s": {"url": url, "timeout_secs": 60}}, "permissions": {"mcp.*": "allow", "mcp.s.get-env": "ask"}})
}

fn calls_reference_server_of_tools(test: &GuestContext<'_>) -> Result<()> {
    let servers = Servers::find(&test.fixture.project)?;
    let server = servers.start_everything(&test.fixture.shell()?, &test.path("everything.log"))?;
    configure(test, &served(&server.url))?;
    let script = "mcp__s__echo {\"message\":\"hi\"};;mcp__s__get-sum {\"a\":2,\"b\":40}\n\
        mcp__s__get-sum {\"a\":\"two\"};;mcp__s__get-env {}\n\
        mcp__s__trigger-long-running-operation {\"duration\":1,\"steps\":4}";
    let played = play(test, guest(test), script)?;
    let expected = [
        "Echo: hi",
        "The sum of 2 and 40 is 42.",
        "expected number",
        "no terminal to ask at",
        "Long running operation completed.",
    ];
    results_hold(&played, &expected)?;
    ensure!(
        server.logged("Session initialized")? == 1,
        "more than one session was begun"
    );
    Ok(())
}

fn calls_python_server_of_tools(test: &GuestContext<'_>) -> Result<()> {
    let servers = Servers::find(&test.fixture.project)?;
    let server = servers.start_python(&test.fixture.shell()?, &test.path("python.log"))?;
    configure(test, &served(&server.url))?;
    let script = "mcp__s__add {\"a\":2,\"b\":40};;mcp__s__fail {};;mcp__s__name_with_dots {}";
    let played = play(test, guest(test), script)?;
    let [sum, failure, structured] = played.results.as_slice() else {
        bail!("the results are {:?}", played.results)
    };
    ensure!(sum == "42", "the sum is `{sum}`");
    holds(failure, &["fail"])?;
    holds(structured, &["42"])?;
    // The list and three calls: the newest revision has no handshake.
    let requests = server.logged("POST /mcp")?;
    ensure!(requests == 4, "the server got {requests} requests");
    Ok(())
}

fn servers_that_are_down_cost_warnings(test: &GuestContext<'_>) -> Result<()> {
    let work = workspace(test)?;
    configure(
        test,
        &json!({"files": {}, "mcp": {"down": {"url": "http://127.0.0.1:1/mcp"}, "program": {"command": "x"},
            "keyless": {"url": "http://127.0.0.1:1/", "headers_env": {"x-key": "NO_SUCH_VARIABLE"}}}}),
    )?;
    let played = play(
        test,
        guest(test).workspace(work),
        "read_file {\"path\":\"a.txt\"}",
    )?;
    ensure!(
        played.answer == "done: one\ntwo",
        "the answer is `{}`",
        played.answer
    );
    holds(
        &played.shown,
        &[
            "MCP server `down`: ",
            "MCP server `program`: it is a program, which this host cannot start",
            "NO_SUCH_VARIABLE",
        ],
    )
}

fn keeps_calls_of_a_turn_that_ends_early(test: &GuestContext<'_>) -> Result<()> {
    let work = workspace(test)?;
    configure(test, &json!({"files": {}, "permissions": {"*": "allow"}}))?;
    let path = test.granted().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["agents"]["max_steps"] = json!(1);
    test.write("config.json", config.to_string().as_bytes())?;
    let script = "read_file {\"path\":\"a.txt\"}\nlist_files {}";
    if let Host::Wasmtime(_) = test.fixture.host {
        let outcome = guest(test).workspace(work).say(script)?;
        ensure!(outcome.exit == Some(1), "it ended with {:?}", outcome.exit);
        outcome.said(&["`max_steps`"])?;
    } else {
        wamr::answered(guest(test).workspace(work), script)?;
    }
    let session = test.session_json("default")?;
    let messages = session["messages"].as_array().context("no messages")?;
    // Each call has a result.
    let of = |role: &str| messages.iter().filter(|message| message["role"] == role).count();
    ensure!(of("tool") == 2 && of("user") == 1, "the session is {session}");
    Ok(())
}
