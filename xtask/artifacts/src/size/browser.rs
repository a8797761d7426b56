//! `size report --check`: opens the page in a real browser.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use devkit::{cmd, project::Project, ui};
use serde_json::json;
use toolchain::{Program, Python};
use xshell::cmd;

/// The cases in `xtask/acceptance/size_report.py`.
const CASES: [&str; 4] = ["desk", "keyboard", "dark", "phone"];

/// Runs every case on the page, and keeps a screenshot of each in `target/acceptance`.
///
/// # Errors
/// Fails if no browser is found, or if a case fails; names all failed cases.
pub(super) fn check(project: &Project, html: &Path) -> Result<()> {
    let python = toolchain::python(project, Python::Acceptance)?.join("python3");
    let chromium = toolchain::program(project, Program::Chromium)?;
    let script = project.root.join("xtask/acceptance/size_report.py");
    let screenshots = project.target.join("acceptance");
    let page = std::path::absolute(html).context("could not find the page")?;
    let shell = project.shell()?;
    let mut findings = Vec::new();
    for case in CASES {
        let name = format!("size-report-{case}");
        let given = json!({ "page": page, "chromium": chromium, "screenshots": screenshots, "name": name });
        // `-B`: no compiled Python files are written into the checkout.
        let attempt = cmd!(shell, "{python} -B {script} {case}").stdin(given.to_string());
        let outcome = cmd::output(attempt, "run the browser")?;
        if outcome.status.success() {
            ui::status(
                "Passed",
                &format!(
                    "{case}: {}",
                    screenshots.join(name).with_extension("png").display()
                ),
            );
            continue;
        }
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        findings.push(format!(
            "{case}: {}",
            said.lines().last().unwrap_or("it printed nothing")
        ));
    }
    if findings.is_empty() {
        Ok(())
    } else {
        bail!("the page failed its checks\n{}", findings.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_has_exactly_these_cases() {
        let script = include_str!("../../../acceptance/size_report.py");
        let after = script.split("@case\ndef ").skip(1);
        let found: Vec<&str> = after.filter_map(|text| text.split('(').next()).collect();
        assert_eq!(found, CASES);
    }
}
