//! A host that embeds clawft: asks a question, performs the calls of its own tool `lookup_order`, and prints the text
//! as it arrives.
//!
//! `clawft-example-rust COMPONENT DIRECTORY MESSAGE`, where the directory holds `config.json`, which may name the
//! variable `CLAWFT_KEY`.

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use wasmtime::{
    Engine, Result, Store,
    component::{Component, Linker, ResourceTable},
    error::Context as _,
};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use self::world::{
    Agent,
    exports::clawft::agent::turns::{Event, Options, Tool},
};

mod world {
    #![allow(missing_docs, unreachable_pub, reason = "written by a macro")]

    wasmtime::component::bindgen!({ path: "../../crates/clawft-wasm/wit", world: "agent" });
}

fn main() -> Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().with_context(|| format!("{what} is missing"));
    let (component, directory, message) = (
        next("the component")?,
        next("the directory")?,
        next("the message")?,
    );

    let engine = Engine::default();
    let component = Component::from_file(&engine, component)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    let mut store = Store::new(&engine, Host::new(&directory)?);
    let agent = Agent::instantiate(&mut store, &component, &linker)?;

    let turns = agent.clawft_agent_turns();
    let options = Options {
        message,
        session: Some("orders".to_owned()),
        configuration: None,
        streamed: Some(true),
        tools: vec![Tool {
            name: "lookup_order".to_owned(),
            description: "Returns the state of an order.".to_owned(),
            parameters: r#"{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}"#
                .to_owned(),
        }],
    };
    let turn = match turns.call_begin(&mut store, &options)? {
        Ok(turn) => turn,
        Err(error) => {
            eprintln!("error: {error:?}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let ended = loop {
        match turns.turn().call_next(&mut store, turn)? {
            Ok(Event::Text(text)) => {
                print!("{text}");
                io::stdout().flush()?;
            }
            Ok(Event::Call(call)) => {
                let (content, is_error) = match lookup_order(&call.arguments) {
                    Ok(state) => (state, false),
                    Err(reason) => (reason, true),
                };
                // An error here is a fault of this program.
                let _ = turns
                    .turn()
                    .call_answer(&mut store, turn, &call.id, &content, is_error)?;
            }
            Ok(Event::Reasoning(_)) => {}
            Ok(Event::Notice(text)) => eprintln!("note: {text}"),
            Ok(Event::Warning(text)) => eprintln!("warning: {text}"),
            Ok(Event::End(end)) => break Ok(end),
            Err(error) => break Err(error),
        }
    };
    turn.resource_drop(&mut store)?;
    Ok(match ended {
        Ok(end) => {
            println!();
            eprintln!(
                "{:?}, {:?}, stored in `{}`: {}",
                end.finish, end.usage, end.session, end.stored
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    })
}

/// Performs a call of the tool.
fn lookup_order(arguments: &str) -> Result<String, String> {
    let arguments: serde_json::Value = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
    match arguments["id"].as_str() {
        Some("A-17") => Ok("shipped".to_owned()),
        Some(id) => Err(format!("there is no order `{id}`")),
        None => Err("`id` is missing".to_owned()),
    }
}

/// The grants for the component: HTTP, a directory, and a variable for the key.
struct Host {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
}

impl Host {
    fn new(directory: &str) -> Result<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.preopened_dir(directory, "/config", FsPerms::ReadWrite)?;
        if let Ok(key) = env::var("CLAWFT_KEY") {
            wasi.env("CLAWFT_KEY", key);
        }
        Ok(Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
        })
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: Default::default(),
        }
    }
}
