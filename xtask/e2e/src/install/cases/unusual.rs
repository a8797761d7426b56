//! `install.sh` on unusual machines. Those that take another system are in `systems`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::files::{Mode, replace_as};
use testkit::{Outcome, names};
use toolchain::on_path;

use super::{
    cases,
    script::{refused, runs},
};
use crate::install::context::{InstallContext, PROGRAMS};

/// The programs that `install.sh` starts, beyond those that download and compute checksums.
const SMALL: [&str; 11] = [
    "uname", "mktemp", "rm", "grep", "cut", "tar", "gzip", "mkdir", "cp", "chmod", "mv",
];

cases! {
    unusual:
    installs_into_home_with_spaces_and_quotes,
    understands_tilde_and_relative_directory,
    makes_a_program_that_all_users_can_run,
    installs_with_each_client_and_checksum_program,
    works_in_every_shell_of_the_machine,
    names_all_missing_programs_at_once,
    names_processors_and_systems_without_release,
    names_directory_that_cannot_be_written,
    keeps_directory_with_the_name_of_the_program,
    keeps_earlier_program_after_interrupted_download,
    keeps_earlier_program_if_new_one_fails,
    uses_the_proxy_of_the_environment,
    ignores_names_of_files_in_curlrc,
    says_how_to_find_the_program,
    knows_its_directory_by_another_path,
    replaces_link_with_the_name_of_the_manual,
    makes_files_for_all_users_outside_home,
    refuses_homes_that_it_cannot_know,
    says_why_wget_failed,
    works_with_closed_output,
    leaves_nothing_behind_after_each_signal,
}

fn installs_into_home_with_spaces_and_quotes(test: &InstallContext<'_>) -> Result<()> {
    for name in ["a home", "it's", "ü\\n", "-a"] {
        let home = test.path(name);
        fs::create_dir(&home)?;
        let outcome = test.install(&test.page()?.url(), &[("HOME", text(&home)?)])?;
        succeeded(&outcome)?;
        runs(test, &home.join(".local/bin/weft"))?;
        let written = home.display().to_string().replace('\\', "\\\\");
        let hint = format!("export PATH=\"{written}/.local/bin:$PATH\"");
        outcome.said(&[&hint])?;
    }
    Ok(())
}

fn understands_tilde_and_relative_directory(test: &InstallContext<'_>) -> Result<()> {
    let url = test.page()?.url();
    succeeded(&test.install(&url, &[("WEFT_INSTALL_DIR", "~/programs/")])?)?;
    runs(test, &test.home().join("programs/weft"))?;
    succeeded(&test.install(&url, &[("WEFT_INSTALL_DIR", "~")])?)?;
    runs(test, &test.home().join("weft"))?;
    let outcome = test.install(&url, &[("WEFT_INSTALL_DIR", "relative")])?;
    succeeded(&outcome)?;
    let hint = outcome.stderr.lines().find_map(|line| {
        let rest = line.split_once("export PATH=\"")?.1;
        rest.strip_suffix(":$PATH\"")
    });
    let directory = PathBuf::from(hint.context("it does not say where the program is")?);
    ensure!(directory.is_absolute(), "it adds the directory {directory:?}");
    runs(test, &directory.join("weft"))
}

fn makes_a_program_that_all_users_can_run(test: &InstallContext<'_>) -> Result<()> {
    let script = ["sh", "-c", "umask 077; exec sh \"$0\""];
    succeeded(&test.install_by(&script, &test.page()?.url(), &[])?)?;
    let program = test.home().join(".local/bin/weft");
    let mode = fs::metadata(program)?.permissions().mode() & 0o777;
    ensure!(mode == 0o755, "its mode is {mode:o}");
    Ok(())
}

fn installs_with_each_client_and_checksum_program(test: &InstallContext<'_>) -> Result<()> {
    let url = test.page()?.url();
    let mut tried = 0;
    for client in ["curl", "wget"] {
        for checksum in ["sha256sum", "shasum", "openssl"] {
            // `shasum` is in Perl, and needs it.
            let programs = [&SMALL[..], &[client, checksum, "perl"]].concat();
            if on_path(client).is_none() || on_path(checksum).is_none() {
                continue;
            }
            let path = only(test, &format!("{client} {checksum}"), &programs)?;
            let outcome = test.install(&url, &[("PATH", text(&path)?)])?;
            succeeded(&outcome)?;
            tried += 1;
        }
    }
    ensure!(tried > 0, "this machine has neither curl nor wget");
    runs(test, &test.home().join(".local/bin/weft"))
}

fn works_in_every_shell_of_the_machine(test: &InstallContext<'_>) -> Result<()> {
    let url = test.page()?.url();
    let shells: [&[&str]; 6] = [
        &["sh"],
        &["dash"],
        &["bash", "--posix"],
        &["busybox", "sh"],
        &["zsh", "--emulate", "sh"],
        &["mksh"],
    ];
    for shell in shells.into_iter().filter(|shell| on_path(shell[0]).is_some()) {
        succeeded(&test.install_by(shell, &url, &[])?).with_context(|| format!("in {shell:?}"))?;
        runs(test, &test.home().join(".local/bin/weft"))?;
    }
    Ok(())
}

fn names_all_missing_programs_at_once(test: &InstallContext<'_>) -> Result<()> {
    let path = only(test, "few programs", &["uname"])?;
    let outcome = test.install(&test.page()?.url(), &[("PATH", text(&path)?)])?;
    refused(test, outcome.exit)?;
    outcome.said(&["install these programs first: curl or wget, tar, gzip, sha256sum, shasum or openssl"])
}

fn names_processors_and_systems_without_release(test: &InstallContext<'_>) -> Result<()> {
    let machines = [
        ("Linux", "riscv64", "the processor `riscv64`"),
        ("Linux", "armv7l", "the processor `armv7l`"),
        ("Linux", "i686", "the processor `i686`"),
        ("FreeBSD", "amd64", "the system `FreeBSD`"),
        ("MINGW64_NT-10.0", "x86_64", "install.ps1"),
    ];
    for (system, machine, named) in machines {
        let programs = test.path(&format!("{system} {machine}"));
        fs::create_dir(&programs)?;
        let uname = format!("#!/bin/sh\n[ \"$1\" = -m ] && echo {machine} || echo {system}\n");
        replace_as(&programs.join("uname"), uname.as_bytes(), Mode::Program)?;
        let path = format!("{}:{PROGRAMS}", programs.display());
        let outcome = test.install(&test.page()?.url(), &[("PATH", path.as_str())])?;
        refused(test, outcome.exit)?;
        outcome.said(&[named])?;
    }
    Ok(())
}

fn names_directory_that_cannot_be_written(test: &InstallContext<'_>) -> Result<()> {
    let file = test.path("file");
    fs::write(&file, "")?;
    let below = file.join("bin");
    // The kernel refuses files there to everyone.
    for directory in [text(&file)?, text(&below)?, "/proc", "/proc/weft"] {
        let outcome = test.install(&test.page()?.url(), &[("WEFT_INSTALL_DIR", directory)])?;
        refused(test, outcome.exit)?;
        outcome.said(&[directory, "set WEFT_INSTALL_DIR to another"])?;
    }
    let outcome = test.install(&test.page()?.url(), &[("TMPDIR", text(&below)?)])?;
    refused(test, outcome.exit)?;
    outcome.said(&["set TMPDIR"])
}

fn keeps_directory_with_the_name_of_the_program(test: &InstallContext<'_>) -> Result<()> {
    let directory = test.home().join(".local/bin/weft");
    fs::create_dir_all(&directory)?;
    let outcome = test.install(&test.page()?.url(), &[])?;
    ensure!(outcome.exit == Some(1), "it ended with {:?}", outcome.exit);
    outcome.said(&["is a directory"])?;
    ensure!(
        names(&directory)?.is_empty(),
        "it put something into the directory"
    );
    Ok(())
}

fn keeps_earlier_program_after_interrupted_download(test: &InstallContext<'_>) -> Result<()> {
    let program = earlier(test)?;
    // The checksums are shorter than this, the archive is not.
    for (most, named) in [(20, "SHA256SUMS"), (100_000, ".tar.gz")] {
        let outcome = test.install(&test.interrupted_page(most)?.url(), &[])?;
        ensure!(outcome.exit == Some(1), "it ended with {:?}", outcome.exit);
        outcome.said(&["could not download", named])?;
        alone(&program)?;
    }
    Ok(())
}

fn keeps_earlier_program_if_new_one_fails(test: &InstallContext<'_>) -> Result<()> {
    let program = earlier(test)?;
    // A `cp` that damages what it copies stands for a processor that cannot run the program.
    let programs = test.path("damaging");
    fs::create_dir(&programs)?;
    let cp = "#!/bin/sh\necho 'exit 7' >\"$2\"\n";
    replace_as(&programs.join("cp"), cp.as_bytes(), Mode::Program)?;
    let path = format!("{}:{PROGRAMS}", programs.display());
    let outcome = test.install(&test.page()?.url(), &[("PATH", path.as_str())])?;
    ensure!(outcome.exit == Some(1), "it ended with {:?}", outcome.exit);
    outcome.said(&["does not run on this machine", "nothing was installed"])?;
    alone(&program)
}

fn uses_the_proxy_of_the_environment(test: &InstallContext<'_>) -> Result<()> {
    let proxy = test.page()?.url();
    let nobody = "http://127.0.0.1:9";
    succeeded(&test.install(nobody, &[("http_proxy", proxy.as_str())])?)?;
    runs(test, &test.home().join(".local/bin/weft"))?;
    let outcome = test.install(&proxy, &[("http_proxy", nobody)])?;
    ensure!(outcome.exit == Some(1), "it ended with {:?}", outcome.exit);
    outcome.said(&["could not download"])?;
    succeeded(&test.install(&proxy, &[("http_proxy", nobody), ("no_proxy", "127.0.0.1")])?)
}

fn ignores_names_of_files_in_curlrc(test: &InstallContext<'_>) -> Result<()> {
    let url = test.page()?.url();
    let curlrc = test.home().join(".curlrc");
    let program = test.home().join(".local/bin/weft");
    for option in ["output = named", "remote-name", "output-dir = missing"] {
        fs::write(&curlrc, option)?;
        succeeded(&test.install(&url, &[])?).with_context(|| format!("with `{option}`"))?;
        runs(test, &program)?;
        fs::remove_file(&program)?;
    }
    // A proxy there is used: nobody listens at this one.
    fs::write(&curlrc, "proxy = http://127.0.0.1:9")?;
    let outcome = test.install(&url, &[])?;
    ensure!(outcome.exit == Some(1), "it ended with {:?}", outcome.exit);
    outcome.said(&["could not download", "set https_proxy"])
}

fn says_how_to_find_the_program(test: &InstallContext<'_>) -> Result<()> {
    let url = test.page()?.url();
    let shells = [
        ("/bin/zsh", "here and in ~/.zshrc: export PATH="),
        ("/bin/bash", "here and in ~/.bashrc: export PATH="),
        ("/usr/bin/fish", "fish_add_path"),
        ("/bin/sh", "here and in ~/.profile: export PATH="),
    ];
    for (shell, hint) in shells {
        test.install(&url, &[("SHELL", shell)])?.said(&[hint])?;
    }
    let directory = test.home().join(".local/bin");
    let found = format!("{}:{PROGRAMS}", directory.display());
    let outcome = test.install(&url, &[("PATH", found.as_str())])?;
    succeeded(&outcome)?;
    ensure!(
        !outcome.stderr.contains("PATH"),
        "it mentions the PATH: {}",
        outcome.stderr
    );
    let other = test.path("other");
    fs::create_dir(&other)?;
    replace_as(&other.join("weft"), b"#!/bin/sh\n", Mode::Program)?;
    let shadowed = format!("{}:{found}", other.display());
    let outcome = test.install(&url, &[("PATH", shadowed.as_str())])?;
    outcome.said(&["another program is found first", text(&other)?])
}

fn knows_its_directory_by_another_path(test: &InstallContext<'_>) -> Result<()> {
    let url = test.page()?.url();
    let directory = test.home().join(".local/bin");
    let link = test.path("link");
    symlink(&directory, &link)?;
    for path in [link.display().to_string(), format!("{}/", directory.display())] {
        let path = format!("{path}:{PROGRAMS}:{}", directory.display());
        let outcome = test.install(&url, &[("PATH", path.as_str())])?;
        succeeded(&outcome)?;
        ensure!(
            !outcome.stderr.contains("PATH") && !outcome.stderr.contains("another program"),
            "with {path} it says: {}",
            outcome.stderr
        );
    }
    Ok(())
}

fn replaces_link_with_the_name_of_the_manual(test: &InstallContext<'_>) -> Result<()> {
    let manuals = test.home().join(".local/share/man/man1");
    let manual = manuals.join("weft.1");
    let precious = test.path("precious");
    fs::create_dir_all(&manuals)?;
    fs::write(&precious, EARLIER)?;
    symlink(&precious, &manual)?;
    succeeded(&test.install(&test.page()?.url(), &[])?)?;
    ensure!(
        fs::read(&precious)? == EARLIER.as_bytes(),
        "it wrote through the link"
    );
    ensure!(
        fs::read_to_string(&manual)?.contains(".TH weft"),
        "there is no manual"
    );
    fs::remove_file(&manual)?;
    fs::create_dir(&manual)?;
    succeeded(&test.install(&test.page()?.url(), &[])?)?;
    ensure!(
        names(&manual)?.is_empty() && names(&manuals)? == ["weft.1"],
        "it left something"
    );
    Ok(())
}

fn makes_files_for_all_users_outside_home(test: &InstallContext<'_>) -> Result<()> {
    let prefix = test.path("all users");
    let script = ["sh", "-c", "umask 077; exec sh \"$0\""];
    let bin = prefix.join("bin");
    let outcome = test.install_by(&script, &test.page()?.url(), &[("WEFT_INSTALL_DIR", text(&bin)?)])?;
    succeeded(&outcome)?;
    for (path, expected) in [
        ("bin", 0o755),
        ("bin/weft", 0o755),
        ("share/man/man1", 0o755),
        ("share/man/man1/weft.1", 0o644),
    ] {
        let mode = fs::metadata(prefix.join(path))?.permissions().mode() & 0o777;
        ensure!(mode == expected, "the mode of {path} is {mode:o}");
    }
    Ok(())
}

fn refuses_homes_that_it_cannot_know(test: &InstallContext<'_>) -> Result<()> {
    let url = test.page()?.url();
    for variables in [
        [("HOME", ""), ("WEFT_INSTALL_DIR", "")],
        [("HOME", ""), ("WEFT_INSTALL_DIR", "~/bin")],
        [("HOME", "/nowhere"), ("WEFT_INSTALL_DIR", "~root/bin")],
    ] {
        let outcome = test.install(&url, &variables)?;
        refused(test, outcome.exit)?;
        outcome.said(&["error: ", "WEFT_INSTALL_DIR"])?;
    }
    Ok(())
}

fn says_why_wget_failed(test: &InstallContext<'_>) -> Result<()> {
    if on_path("wget").is_none() {
        return Ok(());
    }
    let path = only(test, "wget alone", &[&SMALL[..], &["wget", "sha256sum"]].concat())?;
    let variables = [("PATH", text(&path)?), ("WEFT_VERSION", "99.0.0")];
    let outcome = test.install(&test.page()?.url(), &variables)?;
    refused(test, outcome.exit)?;
    outcome.said(&["404", "could not download"])
}

fn works_with_closed_output(test: &InstallContext<'_>) -> Result<()> {
    for closed in [">&-", "2>&-", ">&- 2>&-"] {
        let script = format!("exec sh \"$0\" {closed}");
        let outcome = test.install_by(&["sh", "-c", &script], &test.page()?.url(), &[])?;
        succeeded(&outcome).with_context(|| format!("with {closed}"))?;
        runs(test, &test.home().join(".local/bin/weft"))?;
    }
    Ok(())
}

/// A `curl` that signals the script stands for a user who ends it during a download.
fn leaves_nothing_behind_after_each_signal(test: &InstallContext<'_>) -> Result<()> {
    let temporary = test.path("temporary");
    fs::create_dir(&temporary)?;
    for signal in ["HUP", "INT", "QUIT", "PIPE", "TERM"] {
        let programs = test.path(signal);
        fs::create_dir(&programs)?;
        let curl = format!("#!/bin/sh\nkill -{signal} $PPID\n");
        replace_as(&programs.join("curl"), curl.as_bytes(), Mode::Program)?;
        let path = format!("{}:{PROGRAMS}", programs.display());
        let variables = [("PATH", path.as_str()), ("TMPDIR", text(&temporary)?)];
        // Below `nohup` this process ignores some signals, and so would the script.
        let script = ["env", "--default-signal", "sh"];
        let outcome = test.install_by(&script, &test.page()?.url(), &variables)?;
        ensure!(
            outcome.exit > Some(128),
            "after {signal} it ended with {:?}",
            outcome.exit
        );
        ensure!(
            names(&temporary)?.is_empty() && names(&test.home())?.is_empty(),
            "after {signal} it left something"
        );
    }
    Ok(())
}

/// Returns a directory of links to those of `programs` that this machine has.
fn only(test: &InstallContext<'_>, name: &str, programs: &[&str]) -> Result<PathBuf> {
    let directory = test.path(name);
    fs::create_dir(&directory)?;
    // The script is started by `sh`, which is found there too.
    for program in programs.iter().chain(&["sh"]) {
        if let Some(path) = on_path(program) {
            symlink(path, directory.join(program))?;
        }
    }
    Ok(directory)
}

/// Installs a program that is no weft, and returns its path.
fn earlier(test: &InstallContext<'_>) -> Result<PathBuf> {
    let program = test.home().join(".local/bin/weft");
    fs::create_dir_all(program.parent().context("it is in a directory")?)?;
    fs::write(&program, EARLIER)?;
    Ok(program)
}

/// The text of an earlier program.
const EARLIER: &str = "an earlier program";

/// Checks that the earlier `program` is there, and nothing else.
fn alone(program: &Path) -> Result<()> {
    ensure!(
        fs::read(program)? == EARLIER.as_bytes(),
        "the earlier program is gone"
    );
    let directory = program.parent().context("it is in a directory")?;
    let left = names(directory)?;
    ensure!(left == ["weft"], "it left {left:?}");
    Ok(())
}

fn succeeded(outcome: &Outcome) -> Result<()> {
    ensure!(
        outcome.exit == Some(0),
        "it ended with {:?}: {}",
        outcome.exit,
        outcome.stderr
    );
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not UTF-8")
}
