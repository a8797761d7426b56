//! Makes the list of steps from the request. Pure functions: `--dry-run` prints the same list that is carried out.

use anyhow::{Context as _, Result, bail};
use flags::values::Target;

/// A step of the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Compile these targets together, check the binaries, and put them into `target/dist`.
    Build(Vec<Target>),
    /// Measure the binaries, raw and compressed.
    Measure(Vec<Target>),
    /// Run this binary to print the man page and the completions.
    Describe(Target),
    /// Put a binary with its pages and documents into its archive.
    Pack(Target),
    /// Write the checksums of the archives.
    Sum,
}

/// Returns the steps for the `requested` targets on the machine `host`. If nothing is requested, they are for all
/// targets of its system.
///
/// # Errors
/// Names every target that this machine cannot build, and the machine that can.
pub(super) fn release(requested: &[Target], host: Option<Target>) -> Result<Vec<Step>> {
    let host = known(host)?;
    let targets = targets(requested, host)?;
    // Man page and completions come from the program, and only a binary for this machine can run here.
    let mut built = targets.clone();
    if !built.contains(&host) {
        built.push(host);
    }
    let mut steps = vec![
        Step::Build(built),
        Step::Measure(targets.clone()),
        Step::Describe(host),
    ];
    steps.extend(targets.into_iter().map(Step::Pack));
    steps.push(Step::Sum);
    Ok(steps)
}

/// Returns the steps for the binaries alone, which images and tests need.
///
/// # Errors
/// Fails as [`release`] does.
pub(super) fn binaries(requested: &[Target], host: Option<Target>) -> Result<Vec<Step>> {
    Ok(vec![Step::Build(targets(requested, known(host)?)?)])
}

/// Returns the same steps, and one that measures the binaries.
///
/// # Errors
/// Fails as [`release`] does.
pub(super) fn measured_binaries(requested: &[Target], host: Option<Target>) -> Result<Vec<Step>> {
    let targets = targets(requested, known(host)?)?;
    Ok(vec![Step::Build(targets.clone()), Step::Measure(targets)])
}

/// Returns the targets that `steps` make archives of.
pub(super) fn packed(steps: &[Step]) -> Vec<Target> {
    let packed = |step: &Step| match step {
        Step::Pack(target) => Some(*target),
        _ => None,
    };
    steps.iter().filter_map(packed).collect()
}

fn known(host: Option<Target>) -> Result<Target> {
    let names = || Target::ALL.map(Target::name).join(", ");
    host.with_context(|| {
        format!(
            "`weft` cannot be built on this kind of machine, only on: {}",
            names()
        )
    })
}

/// Returns the requested targets, each once and in the order of [`Target::ALL`]. `host` can build all of them.
fn targets(requested: &[Target], host: Target) -> Result<Vec<Target>> {
    let asked = |target: &Target| match requested {
        [] => host.system() == target.system(),
        _ => requested.contains(target),
    };
    let targets: Vec<Target> = Target::ALL.into_iter().filter(asked).collect();
    let refused: Vec<String> = targets
        .iter()
        .filter(|target| !target.builds_on(host.system()))
        .map(|target| format!("`{}` ({target}): needs {}", target.triple(), target.builder()))
        .collect();
    if !refused.is_empty() {
        bail!(
            "this machine cannot build everything that was asked for\n{}",
            refused.join("\n")
        );
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::{Target::*, *};

    #[test]
    fn builds_all_targets_of_own_system() {
        let linux = vec![
            Step::Build(vec![LinuxAmd64, LinuxArm64]),
            Step::Measure(vec![LinuxAmd64, LinuxArm64]),
            Step::Describe(LinuxAmd64),
            Step::Pack(LinuxAmd64),
            Step::Pack(LinuxArm64),
            Step::Sum,
        ];
        assert_eq!(release(&[], Some(LinuxAmd64)).unwrap(), linux);
        assert_eq!(packed(&linux), [LinuxAmd64, LinuxArm64]);
        let windows = vec![
            Step::Build(vec![WindowsAmd64]),
            Step::Measure(vec![WindowsAmd64]),
            Step::Describe(WindowsAmd64),
            Step::Pack(WindowsAmd64),
            Step::Sum,
        ];
        assert_eq!(release(&[], Some(WindowsAmd64)).unwrap(), windows);
    }

    #[test]
    fn builds_both_architectures_and_runs_own() {
        for (host, other) in [(LinuxAmd64, LinuxArm64), (LinuxArm64, LinuxAmd64)] {
            let steps = release(&[other], Some(host)).unwrap();
            assert_eq!(
                steps,
                [
                    Step::Build(vec![other, host]),
                    Step::Measure(vec![other]),
                    Step::Describe(host),
                    Step::Pack(other),
                    Step::Sum
                ]
            );
        }
    }

    #[test]
    fn plans_requested_binaries_and_no_others() {
        let steps = binaries(&[LinuxArm64, LinuxArm64], Some(LinuxAmd64)).unwrap();
        assert_eq!(steps, [Step::Build(vec![LinuxArm64])]);
        let steps = measured_binaries(&[LinuxArm64], Some(LinuxAmd64)).unwrap();
        assert_eq!(
            steps,
            [Step::Build(vec![LinuxArm64]), Step::Measure(vec![LinuxArm64])]
        );
    }

    #[test]
    fn names_every_target_that_needs_another_machine() {
        let error = release(&[MacosArm64, LinuxAmd64, WindowsAmd64], Some(LinuxAmd64)).unwrap_err();
        let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[1].contains("`aarch64-apple-darwin` (macos-arm64): needs macOS"),
            "{error}"
        );
        assert!(
            lines[2].contains("`x86_64-pc-windows-msvc` (windows-amd64): needs Windows"),
            "{error}"
        );
    }

    #[test]
    fn builds_for_linux_on_macos() {
        let steps = release(&[LinuxAmd64], Some(MacosArm64)).unwrap();
        assert_eq!(steps[0], Step::Build(vec![LinuxAmd64, MacosArm64]));
    }

    #[test]
    fn refuses_unknown_kind_of_machine() {
        for requested in [&[][..], &[LinuxAmd64]] {
            let error = release(requested, None).unwrap_err().to_string();
            assert!(error.contains("only on: linux-amd64, linux-arm64"), "{error}");
        }
    }
}
