//! Makes the list of steps from the request. Pure functions: `--dry-run` prints the same list that is carried out.

use anyhow::{Context as _, Result};
use flags::values::{BUILDERS, Target};

/// A step of the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Compile these targets together, check the binaries, and put them into `target/dist`.
    Build(Vec<Target>),
    /// Measure the binaries, raw and compressed.
    Measure(Vec<Target>),
    /// Run this binary to print the man page and the completions.
    Describe(Target),
    /// Put a binary with its pages and documents into its archive, and into Debian's package for Linux.
    Pack(Target),
    /// Write the checksums of the archives.
    Sum,
}

/// Returns the steps for the `requested` targets on the machine `host`. If nothing is requested, they are for all
/// targets.
///
/// # Errors
/// Fails on a machine that cannot build, and names those that can.
pub(super) fn release(requested: &[Target], host: Option<Target>) -> Result<Vec<Step>> {
    let host = known(host)?;
    let targets = targets(requested);
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
    known(host)?;
    Ok(vec![Step::Build(targets(requested))])
}

/// Returns the same steps, and one that measures the binaries.
///
/// # Errors
/// Fails as [`release`] does.
pub(super) fn measured_binaries(requested: &[Target], host: Option<Target>) -> Result<Vec<Step>> {
    known(host)?;
    let targets = targets(requested);
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

/// Returns the kind of this machine, which can build all targets.
///
/// # Errors
/// Fails on a machine that cannot build, and names those that can.
fn known(host: Option<Target>) -> Result<Target> {
    let host = host.filter(|host| host.system().builds());
    host.with_context(|| {
        format!("`weft` cannot be built for release on this kind of machine: it needs {BUILDERS}")
    })
}

/// Returns the requested targets, each once and in the order of [`Target::ALL`].
fn targets(requested: &[Target]) -> Vec<Target> {
    let asked = |target: &Target| requested.is_empty() || requested.contains(target);
    Target::ALL.into_iter().filter(asked).collect()
}

#[cfg(test)]
mod tests {
    use super::{Target::*, *};

    #[test]
    fn builds_and_packs_all_targets_by_default() {
        let steps = release(&[], Some(LinuxAmd64)).unwrap();
        let mut expected = vec![
            Step::Build(Target::ALL.to_vec()),
            Step::Measure(Target::ALL.to_vec()),
            Step::Describe(LinuxAmd64),
        ];
        expected.extend(Target::ALL.map(Step::Pack));
        expected.push(Step::Sum);
        assert_eq!(steps, expected);
        assert_eq!(packed(&steps), Target::ALL);
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
    fn builds_for_linux_on_macos() {
        let steps = release(&[LinuxAmd64], Some(MacosArm64)).unwrap();
        assert_eq!(steps[0], Step::Build(vec![LinuxAmd64, MacosArm64]));
    }

    #[test]
    fn refuses_machines_that_cannot_build() {
        for host in [None, Some(WindowsAmd64)] {
            let error = release(&[LinuxAmd64], host).unwrap_err().to_string();
            assert!(error.contains("it needs Linux or macOS"), "{error}");
        }
    }
}
