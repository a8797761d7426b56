//! All session operations in a directory: create, write, list and remove, with a line about each step.
//!
//! The shipped module answers one message and never lists or removes a session. `cargo xtask smoke wamr` runs
//! this guest beside the module, to test all of the store's operations in a runtime.

use std::process::ExitCode;

use clawft_store::{FileSystem, Sessions, StoreError};
use clawft_types::{Session, SessionId};

fn main() -> ExitCode {
    match live(&FileSystem::new()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn live(fs: &FileSystem) -> Result<(), StoreError> {
    fs.create_dir_all("sessions/old/2026")?;
    fs.write_string("sessions/note", "Grüße")?;
    fs.append_string("sessions/note", ", 世界")?;
    println!("written: {}", fs.read_to_string("sessions/note")?);

    let sessions = Sessions::new(fs.clone());
    let [one, two] = ["one", "two"].map(|id| id.parse::<SessionId>().unwrap_or_default());
    let mut warn = |text: &str| println!("warning: {text}");
    for id in [&one, &two] {
        sessions.store(&Session::new(id.clone()), 0, &mut warn)?;
    }
    println!("listed: {}", fs.list_dir("sessions")?.join(" "));
    println!("sessions: {}", sessions.list()?.len());

    println!("removed: {} {}", sessions.remove(&one)?, sessions.remove(&one)?);
    fs.remove_file("sessions/note")?;
    println!("left: {}", fs.list_dir("sessions")?.join(" "));
    println!(
        "exists: {} {}",
        fs.exists("sessions/two.json"),
        fs.exists("sessions/one.json")
    );
    Ok(())
}
