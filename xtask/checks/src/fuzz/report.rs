//! The output: a line for each target as it ends, all crashes with the commands to reproduce them, and a line with
//! the result.

use anyhow::{Result, ensure};
use devkit::ui;

use super::outcome::{Crash, Outcome};

/// Reports a target that has ended.
pub(super) fn line(outcome: &Outcome) {
    let name = &outcome.name;
    match &outcome.effort {
        Ok(effort) => {
            let what = format!(
                "{name}: {} runs, {} a second, {} edges, {} inputs kept",
                effort.runs, effort.per_second, effort.edges, effort.kept
            );
            if effort.crash.is_some() {
                ui::failure("CRASHED", &what)
            } else {
                ui::status("ok", &what)
            }
        }
        Err(_) => ui::failure("FAILED", name),
    }
}

/// Reports all crashes and prints the result; fails if there was one.
pub(super) fn summary(outcomes: &[Outcome]) -> Result<()> {
    let failures: Vec<(&str, String)> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.name.as_str(), failure(outcome)?)))
        .collect();
    failures.iter().for_each(|(_, text)| eprint!("{text}"));
    ui::result(&format!(
        "{} passed, {} failed",
        outcomes.len() - failures.len(),
        failures.len()
    ))?;
    let names: Vec<&str> = failures.iter().map(|(name, _)| *name).collect();
    ensure!(names.is_empty(), "targets failed: `{}`", names.join("`, `"));
    Ok(())
}

/// Returns the failure of a target, if it failed.
fn failure(outcome: &Outcome) -> Option<String> {
    let name = &outcome.name;
    match &outcome.effort {
        Ok(effort) => effort.crash.as_ref().map(|crash| describe(name, crash)),
        Err(error) => Some(format!("\nFAILED {name}\n{}\n", indented(&format!("{error:#}")))),
    }
}

fn describe(name: &str, crash: &Crash) -> String {
    let input = crash.input.display();
    format!(
        "\nCRASHED {name}\n{}\n  the input  {input}\n  run again  cargo xtask fuzz {name} --input {input}\n  \
         then keep  cp {input} xtask/fuzz/seeds/{name}/\n",
        indented(&crash.said)
    )
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("    | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_commands_to_reproduce_crash() {
        let crash = Crash {
            input: "/c/crash-1".into(),
            said: "panicked at a.rs:1:2:\nno host".to_owned(),
        };
        let expected = "
CRASHED url
    | panicked at a.rs:1:2:
    | no host
  the input  /c/crash-1
  run again  cargo xtask fuzz url --input /c/crash-1
  then keep  cp /c/crash-1 xtask/fuzz/seeds/url/
";
        assert_eq!(describe("url", &crash), expected);
    }

    #[test]
    fn fuzzer_that_cannot_run_is_a_failure() {
        let effort = Err(anyhow::anyhow!("no such file").context("the fuzzer ended"));
        let outcome = Outcome {
            name: "url".to_owned(),
            effort,
        };
        assert_eq!(
            failure(&outcome).unwrap(),
            "\nFAILED url\n    | the fuzzer ended: no such file\n"
        );
        assert!(summary(&[outcome]).is_err());
    }
}
