//! The command: reads a message from standard input and writes the answer to standard output.

// Input from outside may cause an error, but never a panic or a truncated number.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]
// The component itself does the C library's work before `main` (reading the arguments, opening granted
// directories).
#![cfg_attr(target_os = "wasi", no_main)]

#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod embedding;
#[cfg(all(target_os = "wasi", target_env = "p1"))]
mod exports;

mod events;

use clawft_types::{join, text::Ascii as _};
use clawft_wasm::{
    SessionId, VERSION, WasmPlatform, capabilities, console, env, error::INCOMPLETE, platform::Part,
};

const HELP: &str = "\
clawft: asks a language model

Usage: wasmtime run -S http --dir CONFIG_DIR::/config [--dir DIR::/workspace] [--env KEY_VARIABLE] \
         clawft.wasm [OPTIONS] < MESSAGE

The message is all of standard input: plain text or {\"role\":\"user\",\"content\":\"…\"}. The answer goes to standard
output, and both are kept in /config/sessions/ID.json. The configuration is /config/config.json. The tools that it
names can reach the files in /workspace, if that is granted.

Options:
  --session ID    the session to continue or begin [default: default]
  --model NAME    the model to ask in place of the configured one
  --stream        print the answer while it arrives
  --json          print calls of tools and the answer as JSON, an object a line
  --capabilities  print as JSON what this build can do
  --version       print the version
  -h, --help      print this

Exit code: 0 if the answer is complete, printed and stored, else 1. Standard error says why: an error if there is no
answer, a warning if it was printed but is truncated, filtered, incomplete or not stored.

Environment:
  CLAWFT_CONFIG_DIR  the configuration directory, if it is not /config
";

/// The entry point for WASI's start-up code, under the name that C compilers give a `main` without arguments.
#[cfg(target_os = "wasi")]
// SAFETY: the signature is the one that the start-up code expects, and with `no_main` nothing else has the
// name.
#[unsafe(no_mangle)]
extern "C" fn __main_void() -> i32 {
    i32::from(!run())
}

#[cfg(not(target_os = "wasi"))]
fn main() -> std::process::ExitCode {
    if run() {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}

/// Returns whether the command succeeded; errors have been printed.
fn run() -> bool {
    let done = perform();
    if let Err(text) = &done {
        console::say("error", text);
    }
    done.unwrap_or(false)
}

/// Performs the command. Returns false if a warning was printed that the exit code reports as well; the error
/// is any other failure.
fn perform() -> Result<bool, String> {
    let mut json = false;
    let mut session = SessionId::default();
    let mut platform = WasmPlatform::new();
    let mut options = env::arguments();
    while let Some(argument) = options.next() {
        // `--session ID` and `--session=ID` are the same.
        let (option, value) = match argument.cut(b'=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || value.clone().or_else(|| options.next()).unwrap_or_default();
        match option {
            "--session" => {
                session = value()
                    .parse()
                    .map_err(|error: clawft_types::SessionIdError| error.message())?;
                continue;
            }
            "--model" => {
                platform.set_model(value())?;
                continue;
            }
            _ => {}
        }
        let text = match argument.as_str() {
            "--stream" => {
                platform.set_stream(Some(true));
                continue;
            }
            "--json" => {
                json = true;
                continue;
            }
            "--capabilities" => &join!(&capabilities(), "\n"),
            "--version" => &join!("clawft ", VERSION, "\n"),
            "-h" | "--help" => HELP,
            option if option.starts_with('-') => {
                return Err(join!("unknown option `", &argument, "`, see `--help`"));
            }
            _ => {
                return Err(join!(
                    "unexpected argument `",
                    &argument,
                    "`: the message is read from standard input, see `--help`"
                ));
            }
        };
        console::print(text)?;
        return Ok(true);
    }
    answer(&platform, session, json)
}

/// Prints the answer to standard output; a streamed one as it arrives. The answer is stored even if it cannot
/// be printed. With `json`, prints events and the answer as JSON instead.
fn answer(platform: &WasmPlatform, session: SessionId, json: bool) -> Result<bool, String> {
    let message = console::read_input()?;
    let mut printed = Ok(());
    let mut print = |text: &str| {
        if printed.is_ok() {
            printed = console::print(text);
        }
    };
    let mut show = |part: Part<'_>| match (part, json) {
        (Part::Text(text), false) => print(text),
        (part, true) => print(&events::of(part)),
        _ => {}
    };
    let answer = platform
        .answer(session.clone(), &message, &mut show)
        .map_err(|error| error.message())?;
    if json {
        print(&events::answer(&session, &answer));
    } else {
        if !answer.shown {
            print(&answer.text);
        }
        print("\n");
    }
    printed?;
    if let Some(cause) = &answer.incomplete {
        console::say("warning", &[INCOMPLETE, cause].concat());
    }
    if let Some(warning) = &answer.warning {
        console::say("warning", warning);
    }
    // WASI had only two exit codes before 0.2.12, and a component that needs more does not run on older
    // hosts.
    Ok(answer.incomplete.is_none() && answer.warning.is_none() && answer.unstored.is_none())
}
