//! Bodies beyond every buffer on the way.

use anyhow::{Result, ensure};

use super::cases;
use crate::smoke::{lab::Lab, outcome::difference};

/// The text of the server's long answers, over and over.
const DIGITS: &str = "0123456789abcdef";

cases! {
    "a 300 KB message arrives byte for byte" => large_message,
    "a 5 MB answer is printed whole" => large_answer,
    "an answer over the limit is a named error" => huge_answer,
}

fn large_message(lab: &Lab<'_>) -> Result<()> {
    // Numbered, so that a block lost or sent twice shows, and with letters of several bytes across every boundary.
    let message: String = (0..27_000).map(|number| format!("{number} über ")).collect();
    ensure!(message.len() > 300_000, "the message is not large");
    lab.configure("ok")?;
    lab.say(&message)?.answered(&format!("echo: {message}"))?;
    let messages = lab.request()?.messages()?;
    let sent = messages.last().map_or("", |(_, content)| content);
    ensure!(sent == message, "{}", difference("the message that arrived", sent, &message));
    Ok(())
}

fn large_answer(lab: &Lab<'_>) -> Result<()> {
    lab.configure("large")?;
    lab.say("hello")?.answered(&DIGITS.repeat(5_000_000 / DIGITS.len()))
}

fn huge_answer(lab: &Lab<'_>) -> Result<()> {
    lab.configure("huge")?;
    lab.say("hello")?.failed(&["larger than", "10000000 bytes"])?;
    lab.stored_nothing()
}
