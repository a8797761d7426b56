//! The prompt in a real terminal: tmux shows what a person sees. The screens are kept in `target/acceptance/`, with and
//! without colours.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::cmd;
use serde_json::{Value, json};
use xshell::{Cmd, Shell, cmd};

use super::cases;
use crate::{mcp_servers::Servers, weft::context::WeftContext};

cases! {
    terminal:
    session_with_a_call_of_a_tool,
    question_beside_a_running_mcp_server,
    wrong_answer_is_asked_for_again,
    input_during_an_answer_does_not_mix,
    resized_terminal_loses_nothing,
}

/// The longest wait for a text on the screen.
const PATIENCE: Duration = Duration::from_secs(60);

/// The message of the user, whose lines the mock provider calls.
const CALLS: &str = "read_file {\"path\":\"a.txt\"}\n\
    read_file {\"path\":\"missing.txt\"}\n\
    edit_file {\"path\":\"a.txt\",\"old_text\":\"two\",\"new_text\":\"zwei\"}";

/// A terminal with weft in it. It ends with the value.
struct Terminal<'a> {
    test: &'a WeftContext<'a>,
    shell: Shell,
    socket: String,
}

impl<'a> Terminal<'a> {
    /// Starts `weft chat` with `options` in a terminal, and waits for the prompt.
    fn start(test: &'a WeftContext<'a>, options: &[&str]) -> Result<Self> {
        let terminal = Self::run(test, &[&["chat"], options].concat())?;
        terminal.wait_for("/help for help")?;
        Ok(terminal)
    }

    /// Starts weft in a terminal.
    fn run(test: &'a WeftContext<'a>, words: &[&str]) -> Result<Self> {
        let socket = test.home().with_file_name("tmux").display().to_string();
        let terminal = Self {
            test,
            shell: test.shell()?,
            socket,
        };
        let weft = test.program();
        let command = terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "90", "-y", "40"]);
        let command = test.at_home(command.arg(weft).args(words));
        cmd::run(command, "start weft in a terminal")?;
        Ok(terminal)
    }

    fn tmux(&self, arguments: &[&str]) -> Cmd<'_> {
        let tmux = self.test.tmux();
        let socket = &self.socket;
        cmd!(self.shell, "{tmux} -S {socket}").args(arguments)
    }

    /// Presses keys, which tmux names.
    fn press(&self, keys: &[&str]) -> Result<()> {
        cmd::run(self.tmux(&["send-keys"]).args(keys), "press keys")
    }

    /// Pastes a text, as from the clipboard.
    fn paste(&self, text: &str) -> Result<()> {
        cmd::run(self.tmux(&["set-buffer", text]), "fill the clipboard")?;
        cmd::run(self.tmux(&["paste-buffer", "-p"]), "paste")
    }

    /// Returns the text on the screen, with colours if `coloured`.
    fn screen(&self, coloured: bool) -> Result<String> {
        let colours: &[&str] = if coloured { &["-e"] } else { &[] };
        cmd::read(
            self.tmux(&["capture-pane", "-p"]).args(colours),
            "read the screen",
        )
    }

    /// Waits until `text` is on the screen, and returns the screen.
    fn wait_for(&self, text: &str) -> Result<String> {
        self.wait_for_times(text, 1)
    }

    /// Waits until `text` is on the screen at least `times`, and returns the screen.
    fn wait_for_times(&self, text: &str, times: usize) -> Result<String> {
        let begun = Instant::now();
        loop {
            let screen = self.screen(false)?;
            if screen.matches(text).count() >= times {
                return Ok(screen);
            }
            if begun.elapsed() > PATIENCE {
                bail!("`{text}` does not appear {times} times on the screen:\n{screen}");
            }
            sleep(Duration::from_millis(50));
        }
    }

    /// Keeps the screen as an artifact.
    fn keep(&self, name: &str) -> Result<()> {
        let directory = self.test.screenshots()?;
        for (ending, coloured) in [("txt", false), ("ansi", true)] {
            let path = directory.join(name).with_extension(ending);
            fs::write(&path, self.screen(coloured)?)
                .with_context(|| format!("could not write `{}`", path.display()))?;
        }
        Ok(())
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // If weft has ended, so has tmux.
        let _ = cmd::read(self.tmux(&["kill-server"]), "end the terminal");
        // The files of a case are searched for keys, and a socket cannot be read.
        let _ = fs::remove_file(&self.socket);
    }
}

fn configure(test: &WeftContext<'_>, scenario: &str, tools: &Value) -> Result<()> {
    test.configure(scenario)?;
    let path = test.home().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["tools"] = tools.clone();
    fs::write(&path, config.to_string()).context("could not write the configuration")
}

/// Each call is a line, a difference is shown before the question, and the answer follows.
fn session_with_a_call_of_a_tool(test: &WeftContext<'_>) -> Result<()> {
    configure(test, "tools", &json!({ "files": { "write": true } }))?;
    let workspace = test.home().with_file_name("work");
    fs::create_dir_all(&workspace)?;
    fs::write(workspace.join("a.txt"), "one\ntwo\n")?;
    let workspace = workspace.display().to_string();
    let terminal = Terminal::start(test, &["--workspace", &workspace])?;
    terminal.paste(CALLS)?;
    terminal.press(&["Enter"])?;
    let screen = terminal.wait_for("Allow edit_file a.txt? [y/N]")?;
    for line in [
        "tool: read_file a.txt",
        "tool: read_file missing.txt",
        "failed: ",
        "-two",
        "+zwei",
    ] {
        ensure!(
            screen.contains(line),
            "`{line}` is missing on the screen:\n{screen}"
        );
    }
    terminal.press(&["y", "Enter"])?;
    terminal.wait_for("done: ")?;
    terminal.keep("terminal-tool-call")?;
    let changed = fs::read_to_string(test.home().with_file_name("work").join("a.txt"))?;
    ensure!(changed == "one\nzwei\n", "the file is {changed:?}");
    Ok(())
}

/// A program that runs meanwhile keeps neither the question nor the prompt from coming.
fn question_beside_a_running_mcp_server(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    let tools = json!({ "files": { "write": true }, "mcp": { "s": servers.python() } });
    configure(test, "tools", &tools)?;
    let workspace = test.home().with_file_name("work");
    fs::create_dir_all(&workspace)?;
    let terminal = Terminal::start(test, &["--workspace", &workspace.display().to_string()])?;
    for (turn, name) in [(1, "a.txt"), (2, "b.txt")] {
        terminal.paste(&format!("write_file {{\"path\":\"{name}\",\"content\":\"one\"}}"))?;
        terminal.press(&["Enter"])?;
        terminal.wait_for(&format!("Allow write_file {name}? [y/N]"))?;
        terminal.press(&["y", "Enter"])?;
        // That of the first turn is still on the screen in the second.
        terminal.wait_for_times("done: ", turn)?;
        let path = workspace.join(name);
        ensure!(path.exists(), "`{}` is not there", path.display());
    }
    Ok(())
}

/// A mistake in one answer of `weft init` does not cost the others.
fn wrong_answer_is_asked_for_again(test: &WeftContext<'_>) -> Result<()> {
    let terminal = Terminal::run(test, &["init"])?;
    for (text, answer) in [
        ("Provider", "mine"),
        ("Address of the API:", "local"),
        ("api_base", "http://127.0.0.1:1/v1"),
        ("Variable", "not a name"),
        ("not the name of a variable", "-"),
    ] {
        terminal.wait_for(text)?;
        terminal.press(&["-l", answer])?;
        terminal.press(&["Enter"])?;
    }
    terminal.wait_for("Model:")?;
    let screen = terminal.screen(false)?;
    ensure!(
        screen.matches("Address of the API:").count() == 2,
        "the address is not asked for twice:\n{screen}"
    );
    Ok(())
}

/// Typed and pasted text during an answer is in the line after it, and can be edited there.
fn input_during_an_answer_does_not_mix(test: &WeftContext<'_>) -> Result<()> {
    configure(test, "stream-slow", &json!({}))?;
    let terminal = Terminal::start(test, &[])?;
    terminal.press(&["-l", "one two three four five six seven"])?;
    terminal.press(&["Enter"])?;
    terminal.wait_for("echo: one")?;
    terminal.press(&["-l", "typed "])?;
    terminal.paste("first\nsecond\n")?;
    let screen = terminal.wait_for("> typed first\nsecond")?;
    ensure!(
        screen.contains("echo: one two three four five six seven\n"),
        "the answer is torn:\n{screen}"
    );
    // The pasted text ends with a line end, so the cursor is below it.
    terminal.press(&["Up", "Up", "Home", "x"])?;
    terminal.wait_for("> xtyped first\nsecond")?;
    terminal.keep("terminal-typed-ahead")
}

/// The part of an answer that is redrawn must not take text above it along.
fn resized_terminal_loses_nothing(test: &WeftContext<'_>) -> Result<()> {
    test.configure("stream-slow")?;
    let terminal = Terminal::start(test, &[])?;
    terminal.paste("x\n\n- one two three\n- four five six\n- seven eight nine")?;
    terminal.press(&["Enter"])?;
    for (text, columns) in [("• one", "30"), ("• four", "100"), ("• seven", "60")] {
        terminal.wait_for(text)?;
        cmd::run(
            terminal.tmux(&["resize-window", "-x", columns, "-y", "40"]),
            "resize the terminal",
        )?;
    }
    let screen = terminal.wait_for("• seven eight nine")?;
    for line in ["echo: x", "• one two three", "• four five six"] {
        ensure!(screen.contains(line), "`{line}` is lost:\n{screen}");
    }
    Ok(())
}
