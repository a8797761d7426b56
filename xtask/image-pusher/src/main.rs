//! Speaks to registries of images: the part of `cargo xtask docker` and `cargo xtask release` that needs a network.
//!
//! ```text
//! image-pusher [--insecure] push    LAYOUT NAME@DIGEST       an image and its pieces, out of a layout, under its digest alone
//! image-pusher [--insecure] tag     LAYOUT NAME@DIGEST TAG…  a list of images under its digest, then under the tags
//! image-pusher [--insecure] inspect NAME@DIGEST              what an image is
//! image-pusher [--insecure] resolve NAME:TAG                 what is under a tag, and its digest
//! image-pusher [--insecure] find    NAME:TAG                 the digest of what is under a tag, or null: for who may push
//! ```
//!
//! Each prints one line of JSON. The registry is asked in plain HTTP if it is on loopback or with `--insecure`, else over TLS.
//! Who we are is in Docker's configuration file or its credential helpers, as `docker login` leaves it; never in an argument.
//!
//! Nothing is taken on trust: a piece is sent if it is what its digest says, what comes back is held against its digest, and
//! a tag is read back once it is set.
//!
//! Modules in reading order: [`command`] is the command line; [`push`], [`tag`] and [`inspect`] are the commands;
//! [`layout`] reads the pieces, [`registry`] speaks the protocol, [`credentials`] says who we are, [`words`] what went wrong.

mod command;
mod credentials;
mod inspect;
mod layout;
mod push;
mod registry;
mod tag;
mod words;

use std::{env, process::ExitCode};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    command::{Action, Command},
    registry::Registry,
};

fn main() -> ExitCode {
    match Command::parse(env::args_os().skip(1)).and_then(run) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("could not start the runtime")?.block_on(act(command))
}

async fn act(command: Command) -> Result<Value> {
    let registry = Registry::connect(command.image, command.insecure)?;
    match command.action {
        Action::Push { layout } => push::push(&registry, &layout).await,
        Action::Tag { layout, tags } => tag::tag(&registry, &layout, &tags).await,
        Action::Inspect => inspect::inspect(&registry).await,
        Action::Resolve { tag } => tag::resolve(&registry, &tag).await,
        Action::Find { tag } => tag::find(&registry, &tag).await,
    }
}
