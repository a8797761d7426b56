//! From what was asked for to what has to be done. Nothing here looks at the machine or changes it: carrying the plan out and
//! printing it share one list.

use anyhow::{Context as _, Result, bail};
use flags::values::Target;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Compile these in one go, look at what came out, and put it into `target/dist`.
    Build(Vec<Target>),
    /// Find out how big these are, as they are and compressed.
    Measure(Vec<Target>),
    /// Have this one print the man page and the completions.
    Describe(Target),
    /// Put one of them, with what describes it, into its archive.
    Pack(Target),
    /// Write the checksums of the archives.
    Sum,
}

/// What has to be done for `requested` on the machine `host`; for everything of its system if nothing is requested.
///
/// # Errors
/// Names every target that this machine can't build, and what could.
pub(super) fn release(requested: &[Target], host: Option<Target>) -> Result<Vec<Step>> {
    let host = known(host)?;
    let targets = targets(requested, host)?;
    // Man page and completions come from the program itself, and only the machine's own can be run on it.
    let mut built = targets.clone();
    if !built.contains(&host) {
        built.push(host);
    }
    let mut steps = vec![Step::Build(built), Step::Measure(targets.clone()), Step::Describe(host)];
    steps.extend(targets.into_iter().map(Step::Pack));
    steps.push(Step::Sum);
    Ok(steps)
}

/// The same for the binaries alone, as images and tests want them.
///
/// # Errors
/// As [`release`].
pub(super) fn binaries(requested: &[Target], host: Option<Target>) -> Result<Vec<Step>> {
    Ok(vec![Step::Build(targets(requested, known(host)?)?)])
}

/// What `steps` make archives of.
pub(super) fn packed(steps: &[Step]) -> Vec<Target> {
    let packed = |step: &Step| match step {
        Step::Pack(target) => Some(*target),
        _ => None,
    };
    steps.iter().filter_map(packed).collect()
}

fn known(host: Option<Target>) -> Result<Target> {
    let names = || Target::ALL.map(Target::name).join(", ");
    host.with_context(|| format!("this machine is none of those that `weft` is built on: {}", names()))
}

/// What is asked for, each once and in the order of [`Target::ALL`], all of which `host` can build.
fn targets(requested: &[Target], host: Target) -> Result<Vec<Target>> {
    let asked = |target: &Target| match requested {
        [] => host.system() == target.system(),
        _ => requested.contains(target),
    };
    let targets: Vec<Target> = Target::ALL.into_iter().filter(asked).collect();
    let refused: Vec<String> = targets
        .iter()
        .filter(|target| !target.builds_on(host.system()))
        .map(|target| format!("`{}` ({target}): it takes {}", target.triple(), target.builder()))
        .collect();
    if !refused.is_empty() {
        bail!("this machine can't build everything that was asked for\n{}", refused.join("\n"));
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::{Target::*, *};

    #[test]
    fn without_a_wish_it_is_everything_of_the_machines_system() {
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
    fn a_machine_of_either_architecture_builds_both_and_describes_with_its_own() {
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
    fn binaries_alone_need_no_other_binary() {
        let steps = binaries(&[LinuxArm64, LinuxArm64], Some(LinuxAmd64)).unwrap();
        assert_eq!(steps, [Step::Build(vec![LinuxArm64])]);
    }

    #[test]
    fn everything_that_cannot_be_built_is_named_with_what_could() {
        let error = release(&[MacosArm64, LinuxAmd64, WindowsAmd64], Some(LinuxAmd64)).unwrap_err();
        let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("`aarch64-apple-darwin` (macos-arm64): it takes macOS"), "{error}");
        assert!(lines[2].contains("`x86_64-pc-windows-msvc` (windows-amd64): it takes Windows"), "{error}");
    }

    #[test]
    fn a_mac_builds_for_linux_too() {
        let steps = release(&[LinuxAmd64], Some(MacosArm64)).unwrap();
        assert_eq!(steps[0], Step::Build(vec![LinuxAmd64, MacosArm64]));
    }

    #[test]
    fn an_unknown_machine_is_told_so() {
        for requested in [&[][..], &[LinuxAmd64]] {
            let error = release(requested, None).unwrap_err().to_string();
            assert!(
                error.contains("none of those that `weft` is built on: linux-amd64, linux-arm64"),
                "{error}"
            );
        }
    }
}
