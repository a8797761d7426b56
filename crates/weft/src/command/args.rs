//! The definition of the command line as data. `--help`, the man page and the completions are made from these
//! texts.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use clawft_types::{
    SessionId, Temperature,
    json::{self, Node},
};
use weft_gateway::parse_listen;

/// The version, the commit and the Rust target.
pub(super) const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("CLAWFT_REVISION"),
    " ",
    env!("CLAWFT_TARGET"),
    ")"
);

/// The mark of a message that begins with a dash, which no argument of a process can hold.
pub(super) const MARK: char = '\0';

/// The last part of `--help` and of the man page.
pub(super) const AFTER_HELP: &str = "\
Exit codes:
  0    success
  1    failure
  2    invalid command line
  3    the answer broke off: the received part was printed and stored
  4    the API key is missing or was refused
  5    the answer was printed, but could not be stored
  6    the answer was printed and stored, but is not complete: truncated, filtered, refused, paused or without text
  130  interrupted by Ctrl-C: the received part was printed and stored
  143  ended by SIGTERM, or with 129 by SIGHUP: likewise

Environment:
  OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, …  the keys of the providers; one is enough without a configuration
  OPENAI_BASE_URL, ANTHROPIC_BASE_URL, OLLAMA_HOST, …   their addresses, without a configuration
  CLAWFT_MODEL   the model to ask, without a configuration
  CLAWFT_HOME    the directory of the configuration and the sessions, if it is not ~/.clawft
  CLAWFT_LISTEN  the gateway's address
  CLAWFT_TOKEN   the gateway's token
  CLAWFT_STORE_URL  the database of several gateways, postgres://USER:PASSWORD@HOST/DATABASE
  SSL_CERT_FILE  a file of certificates to trust in addition to the web's
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY  proxies, as for other programs
  NO_COLOR       no colour, if it is set to anything";

/// The files, in the man page.
pub(super) const FILES: &str = "\
Files:
  ~/.clawft/config.json  the configuration; `weft init` writes one
  ~/.clawft/sessions/ID.json  a conversation
  ~/.clawft/history  the messages of the prompt
  ~/.clawft/models  the names of models for completion, for ten minutes
  ~/.clawft/keys.json  the digests of the keys of the gateway's clients";

/// The examples, in the man page.
pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  Ask, with only a key in the environment:
    export OPENAI_API_KEY=…
    weft chat what is a WASI component
  Write a configuration, and see what can be asked:
    weft init
    weft models
    weft config check
  Send a file along, and continue:
    git diff | weft chat \"write a commit message\"
    weft chat -c \"shorter, please\"
  Take the answer for another program:
    weft chat --json hello | tail -n 1 | jq -r .text
  Let the model read and change files:
    weft chat --workspace . \"fix the typos in README.md\"
  Serve the agent to other programs:
    weft gateway --listen 127.0.0.1:8080";

const CHAT_EXAMPLES: &str = "\
Examples:
  weft chat what is a WASI component
  weft chat -c \"and how do I run one?\"
  git diff | weft chat \"write a commit message\"
  weft chat --file notes.txt \"what is missing?\"
  weft chat --image photo.jpg \"what is this?\"
  weft chat --workspace . \"fix the typos in README.md\"";

const INIT_EXAMPLES: &str = "\
Examples:
  weft init
  weft init --provider anthropic --yes
  weft init --provider local --api-base http://127.0.0.1:8000/v1 --key-env \"\" --model qwen3";

const KEYS_EXAMPLES: &str = "\
Examples:
  weft keys add team-a
  weft keys add guest --model gpt-4o-mini --requests 20 --tokens 40000 --days 30
  weft keys list
  weft keys revoke guest";

const STATUS_EXAMPLES: &str = "\
Examples:
  weft status
  weft status --listen 127.0.0.1:8080 --json";

const CHECK_CODES: &str = "\
Exit codes:
  0    the configuration can be used; there may be warnings
  1    it cannot be used, the provider of the default model does not answer, or --strict and there are warnings
  4    the API key is missing or was refused";

/// Asks a language model and keeps the conversation.
#[derive(Debug, Parser)]
#[command(name = "weft", version = VERSION, after_help = AFTER_HELP, max_term_width = 100)]
#[command(arg_required_else_help = true)]
pub(crate) struct Weft {
    /// The configuration file, if it is not config.json in the home directory
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(visible_alias = "agent")]
    Chat(Chat),
    Init(Init),
    Models(Models),
    Sessions(Sessions),
    Config(Config),
    Mcp(Mcp),
    Gateway(Gateway),
    Keys(Keys),
    Status(Status),
    Completions(Completions),
}

/// The commands for programs and habits, which neither the help nor the completions name.
#[derive(Debug, Parser)]
#[command(name = "weft", disable_help_subcommand = true)]
pub(crate) enum Hidden {
    Complete(Complete),
    Man(Man),
    Version(Version),
}

impl Hidden {
    /// Returns whether the arguments of the process begin with one of these commands.
    pub(crate) fn named(arguments: &[OsString]) -> bool {
        let name = arguments.get(1).and_then(|name| name.to_str());
        name.is_some_and(<Hidden as Subcommand>::has_subcommand)
    }
}

/// Ask the model, once or in a conversation
///
/// The message is the arguments, joined by spaces. Standard input, unless it is a terminal, is added at the end, or in
/// place of an argument `-`; it is text or an image. On a terminal, without a message, a prompt asks for one message
/// after another. A message is plain text or {"role":"user","content":"…"}.
///
/// Each call begins a conversation of its own; -c continues the last one, --session a certain one.
///
/// The answer is printed while it arrives. Ctrl-C ends it and keeps what has arrived; a second one leaves at once.
#[derive(Debug, Args)]
#[command(after_help = CHAT_EXAMPLES)]
pub(crate) struct Chat {
    /// The message, in one or several words; `-` stands for standard input
    #[arg(value_name = "MESSAGE", value_parser = unmarked)]
    pub(crate) message: Vec<String>,
    /// Continue the session that was used last
    #[arg(short = 'c', long = "continue", conflicts_with = "session")]
    pub(crate) resume: bool,
    /// Continue this session, or begin it
    #[arg(short, long, value_name = "ID")]
    pub(crate) session: Option<SessionId>,
    /// A file to send with the message, text or an image; may be repeated
    #[arg(short, long = "file", allow_hyphen_values = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// An image to send with the message: PNG, JPEG, GIF or WebP; may be repeated
    #[arg(short, long = "image", allow_hyphen_values = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) images: Vec<PathBuf>,
    /// The system prompt in place of the configured one
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) system: Option<String>,
    /// The sampling temperature, 0 to 2, in place of the configured one
    #[arg(long, value_name = "NUMBER", value_parser = parse_temperature, allow_negative_numbers = true)]
    pub(crate) temperature: Option<Temperature>,
    /// The model to ask in place of the configured one, or PROVIDER/MODEL for one of another configured provider
    #[arg(short, long, value_name = "NAME", value_parser = parse_model)]
    pub(crate) model: Option<String>,
    /// Print calls of tools and then the answer as lines of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not stream the answer
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// Show answers as they are sent, without rendering Markdown; the default if standard output is no terminal
    #[arg(long)]
    pub(crate) no_markdown: bool,
    /// Print the model's reasoning on standard error, or as `reasoning` with --json
    #[arg(long)]
    pub(crate) reasoning: bool,
    /// The directory whose files the tools may use; without it there are no tools for files
    #[arg(short, long, value_name = "DIR")]
    pub(crate) workspace: Option<PathBuf>,
    /// Permit every call of a tool that the configuration asks about
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Write a configuration, after some questions
///
/// Asks for the provider, the variable that holds its key, and the model. The options answer the questions beforehand,
/// and --yes takes the defaults for the rest: the first provider whose key is in the environment, and its small
/// general-purpose model. An existing configuration is replaced only if you agree, or with --force.
#[derive(Debug, Args)]
#[command(after_help = INIT_EXAMPLES)]
pub(crate) struct Init {
    /// The provider: openai, anthropic, gemini, ollama, …, or another name together with --api-base
    #[arg(short, long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// The environment variable that holds the provider's key, or an empty text if it needs none
    #[arg(short, long, value_name = "VARIABLE")]
    pub(crate) key_env: Option<String>,
    /// The address of the API, such as http://127.0.0.1:8000/v1
    #[arg(long, value_name = "URL")]
    pub(crate) api_base: Option<String>,
    /// The model
    #[arg(short, long, value_name = "NAME", value_parser = parse_model)]
    pub(crate) model: Option<String>,
    /// Ask nothing, and take the defaults
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Replace an existing configuration
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// List the models of the configured providers
///
/// Each model has a line, in the form that `--model` takes; the default model is marked. The exit code is not 0 if a
/// provider cannot be asked.
#[derive(Debug, Args)]
pub(crate) struct Models {
    /// Ask only this provider
    pub(crate) provider: Option<String>,
    /// Print them as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// List, show, remove, export or import sessions
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Sessions {
    #[command(subcommand)]
    pub(crate) action: SessionsAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsAction {
    /// List the sessions, the last used first
    List {
        /// Print them as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the messages of a session
    Show {
        /// The session
        id: SessionId,
        /// Print it as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove sessions
    Rm {
        /// The sessions
        #[arg(required = true, value_name = "ID")]
        ids: Vec<SessionId>,
    },
    /// Print all sessions of the gateway's store, those of keys included, as lines of JSON
    ///
    /// The store is the database that `store.url` or CLAWFT_STORE_URL names, else the files.
    Export,
    /// Add exported sessions to the gateway's store; those that it has already stay as they are
    Import {
        /// The file with the lines, or `-` for standard input
        #[arg(default_value = "-", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

/// Show or check the configuration
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print the path of the configuration file, which need not exist
    Path,
    /// Check the configuration, and report misspelt fields and providers that do not answer
    ///
    /// Each provider is asked for its list of models, which costs nothing.
    #[command(after_help = CHECK_CODES)]
    Check {
        /// Ask no provider
        #[arg(long)]
        offline: bool,
        /// Exit with 1 if there is any warning
        #[arg(long)]
        strict: bool,
    },
    /// Print the effective configuration, with defaults and without secrets
    Show,
}

/// List the tools of the configured MCP servers, or call one of them
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Mcp {
    #[command(subcommand)]
    pub(crate) action: McpAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum McpAction {
    /// List the tools of all servers; the exit code is 1 if a server or a tool cannot be used
    List {
        /// Print them as one line of JSON, with the schemas of their arguments
        #[arg(long)]
        json: bool,
    },
    /// Call a tool and print its result; the exit code is 1 if the tool reports an error
    Call {
        /// The tool's name, such as mcp.github.search
        tool: String,
        /// The arguments, a JSON object
        #[arg(default_value = "{}", value_parser = parse_object)]
        arguments: String,
    },
}

/// Serve the agent over HTTP, with OpenAI's API and a web page
#[derive(Debug, Args)]
pub(crate) struct Gateway {
    /// The address to listen on, such as 127.0.0.1:8080 or 0.0.0.0:8080
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    pub(crate) listen: Option<SocketAddr>,
}

/// Add, list or revoke the keys of the gateway's clients
///
/// Each client with a key of its own has sessions of its own. The gateway notices changes within seconds.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true, after_help = KEYS_EXAMPLES)]
pub(crate) struct Keys {
    #[command(subcommand)]
    pub(crate) action: KeysAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysAction {
    /// Make a key and print it; only its digest is stored
    Add {
        /// The name of the key: letters, digits, `-` and `_`
        name: String,
        #[command(flatten)]
        limits: KeyLimits,
    },
    /// List the keys with their limits
    List {
        /// Print them as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a key; its sessions stay
    Revoke {
        /// The name of the key
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeyLimits {
    /// A model that the key may use, or the beginning of names and `*`; may be repeated
    #[arg(long = "model", value_name = "NAME", value_parser = parse_model)]
    pub(crate) models: Vec<String>,
    /// The maximum number of requests in a minute
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    pub(crate) requests: Option<u32>,
    /// The maximum number of tokens in a minute
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    pub(crate) tokens: Option<u32>,
    /// The number of days after which the key expires
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    pub(crate) days: Option<u32>,
}

/// Check whether the gateway is ready; the exit code is 0 if it is, else 1
#[derive(Debug, Args)]
#[command(after_help = STATUS_EXAMPLES)]
pub(crate) struct Status {
    /// The gateway's address, if it is not the configured one
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    pub(crate) listen: Option<SocketAddr>,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print a completion script for a shell
///
/// In bash, fish and zsh it also completes the names of sessions and models.
///
/// For bash: source <(weft completions bash)
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

/// Print names to complete, for the scripts
#[derive(Debug, Args)]
pub(crate) struct Complete {
    pub(crate) name: Name,
}

/// The kinds of names that are completed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Name {
    Models,
    Sessions,
}

/// Print the version
#[derive(Debug, Args)]
pub(crate) struct Version {}

/// Print the man page
#[derive(Debug, Args)]
pub(crate) struct Man {}

fn parse_model(text: &str) -> Result<String, &'static str> {
    match text.trim().is_empty() || text.contains(char::is_control) {
        true => Err("a model's name is not empty, and one line"),
        false => Ok(text.to_owned()),
    }
}

fn parse_object(text: &str) -> Result<String, String> {
    let document = json::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    match Node::root(&document).object() {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns an argument as the user wrote it.
fn unmarked(argument: &str) -> Result<String, std::convert::Infallible> {
    Ok(argument.strip_prefix(MARK).unwrap_or(argument).to_owned())
}

fn parse_temperature(text: &str) -> Result<Temperature, &'static str> {
    let number = text.parse().ok().and_then(Temperature::new);
    number.ok_or("a temperature is a number from 0 to 2")
}

/// Reads a limit of a key: with 0 it could do nothing.
fn parse_limit(text: &str) -> Result<u32, &'static str> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or("a limit is a whole number from 1 on")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn key_that_could_do_nothing_is_refused() {
        for option in [
            "--days=0",
            "--requests=0",
            "--tokens=0",
            "--model=",
            "--model= ",
            "--days=-1",
        ] {
            assert!(
                Weft::try_parse_from(["weft", "keys", "add", "a", option]).is_err(),
                "{option}"
            );
        }
        let valid = ["weft", "keys", "add", "a", "--days=1", "--model=*"];
        assert!(Weft::try_parse_from(valid).is_ok());
    }

    #[test]
    fn documents_show_existing_commands_and_options() {
        // Read at run time, because a checkout that was moved keeps its compiled tests.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let root = Path::new(&package).join("../..");
        let documents = command_docs::documents(&root).unwrap();
        let found = command_docs::disagreements(&Weft::command(), &documents).unwrap();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn reference_holds_all_commands() {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let root = Path::new(&package).join("../..");
        command_docs::check_reference(&Weft::command(), &root)
            .unwrap()
            .unwrap();
    }
}
