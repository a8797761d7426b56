//! A tidy workflow, and one change after the other that makes it untidy: each rule must find its fault.

use crate::{
    document::Document,
    rules::{action, pinned_differently, workflow},
};

const TIDY: &str = r#"
on: push
permissions: {}
jobs:
  one:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      contents: read # to check out
    strategy:
      matrix:
        include:
          - target: linux-amd64
          - target: linux-arm64
    steps:
      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567 # v1.2.3
      - uses: ./.github/actions/setup
      - run: cargo xtask dist --locked --target "$TARGET"
        env:
          TARGET: ${{ matrix.target }}
      - uses: actions/upload-artifact@0123456789abcdef0123456789abcdef01234567 # v1.2.3
        with:
          name: made-${{ matrix.target }}
  two:
    needs: one
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions: {}
    steps:
      - uses: actions/download-artifact@0123456789abcdef0123456789abcdef01234567 # v1.2.3
        with:
          pattern: made-*
  joined:
    if: always()
    needs: [one, two]
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions: {}
    steps:
      - uses: somebody/join@0123456789abcdef0123456789abcdef01234567 # v1.2.3
        with:
          jobs: ${{ toJSON(needs) }}
"#;

/// Returns the faults of the sample with `old` replaced by `new`.
fn said(old: &str, new: &str) -> String {
    assert!(TIDY.contains(old), "`{old}` is not in the sample");
    workflow(&Document::new("sample", &TIDY.replacen(old, new, 1))).join("\n")
}

#[track_caller]
fn finds(old: &str, new: &str, what: &str) {
    let said = said(old, new);
    assert!(said.contains(what), "found `{said}`, not `{what}`");
}

#[test]
fn finds_no_fault_in_the_sample() {
    assert_eq!(said("push", "push"), "");
}

#[test]
fn finds_line_that_is_not_our_command() {
    let line = "run: cargo xtask dist --locked --target \"$TARGET\"";
    finds(
        line,
        "run: cargo build",
        "one: `cargo build` is not a `cargo xtask` line",
    );
    finds(
        line,
        "run: |\n          cargo xtask lint\n          rm -rf /",
        "is more than a word",
    );
    for shell in [
        "lint && true",
        "lint | tee log",
        "lint > log",
        "lint; true",
        "lint $(id)",
        "lint ${{ github.ref }}",
    ] {
        finds(
            line,
            &format!("run: \"cargo xtask {shell}\""),
            "is more than a word",
        );
    }
    finds("\"$TARGET\"", "$TARGET", "`$TARGET` is more than a word");
}

#[test]
fn finds_command_that_does_not_exist() {
    finds("--locked", "--unlocked", "unexpected argument '--unlocked'");
    finds("xtask dist", "xtask dits", "unrecognized subcommand 'dits'");
    finds("target: linux-arm64", "target: linux-riscv64", "linux-riscv64");
    finds(
        "${{ matrix.target }}",
        "${{ matrix.goal }}",
        "matrix.goal has no value",
    );
    finds("TARGET: ${{", "OTHER: ${{", "$TARGET has no value");
}

#[test]
fn finds_action_that_is_not_pinned() {
    let pinned = "@0123456789abcdef0123456789abcdef01234567 # v1.2.3";
    for loose in [
        "@v1.2.3",
        "@0123456789abcdef0123456789abcdef01234567",
        "@0123456 # v1.2.3",
        &pinned[..pinned.len() - 2],
    ] {
        finds(
            &format!("actions/checkout{pinned}"),
            &format!("actions/checkout{loose}"),
            "it has to be pinned",
        );
    }
    let other = TIDY.replace("checkout@0123456789", "checkout@9876543210");
    let both = [Document::new("one", TIDY), Document::new("other", &other)];
    assert!(pinned_differently(&both)[0].starts_with("actions/checkout is pinned to"));
    assert!(pinned_differently(&both[..1]).is_empty());
}

#[test]
fn finds_missing_action_of_ours() {
    finds(
        "./.github/actions/setup",
        "./.github/actions/none",
        "there is no action `./.github/actions/none`",
    );
    let checkout = "- uses: actions/checkout@0123456789abcdef0123456789abcdef01234567 # v1.2.3";
    finds(checkout, "", "is used before anything is checked out");
}

#[test]
fn finds_permissions_without_reason() {
    finds(
        "permissions: {}\njobs",
        "permissions: read-all\njobs",
        "the top has to grant nothing",
    );
    finds("permissions: {}\njobs", "jobs", "the top has to grant nothing");
    finds(
        "    permissions: {}\n    steps",
        "    steps",
        "two: it has no `permissions`",
    );
    finds(
        "contents: read # to check out",
        "contents: read",
        "a permission needs its reason",
    );
}

#[test]
fn finds_job_without_time_limit() {
    finds("    timeout-minutes: 5\n", "", "one: it has no `timeout-minutes`");
}

#[test]
fn finds_build_on_a_system_that_cannot() {
    let said = "`cargo xtask dist --locked --target \"$TARGET\"` cannot build on `windows-2025`";
    finds("runs-on: ubuntu-latest", "runs-on: windows-2025", said);
    let old = "runs-on: ubuntu-latest\n    timeout-minutes: 5\n    permissions:\n      contents: read # to check out\n    \
               strategy:\n      matrix:\n        include:\n          - target: linux-amd64\n";
    let new = old
        .replace("ubuntu-latest", "${{ matrix.runner }}")
        .replace("linux-amd64\n", "linux-amd64\n            runner: windows-2025\n");
    finds(old, &new, said);
}

#[test]
fn finds_job_that_is_not_joined() {
    finds("[one, two]", "[two]", "joined: it does not wait for `one`");
    finds(
        "if: always()",
        "if: success()",
        "one job joins the others, and 0 do",
    );
    finds("needs: one", "if: always()\n    needs: one", "and 2 do");
    finds(
        "jobs: ${{ toJSON(needs) }}",
        "jobs: '{}'",
        "it does not read the results of the others",
    );
}

#[test]
fn finds_artifact_that_nobody_uploads() {
    finds(
        "pattern: made-*",
        "pattern: built-*",
        "no job that it waits for uploads `built-*`",
    );
    finds(
        "pattern: made-*",
        "name: made-linux-riscv64",
        "uploads `made-linux-riscv64`",
    );
    finds(
        "    needs: one\n",
        "",
        "two: no job that it waits for uploads `made-*`",
    );
}

#[test]
fn finds_action_that_does_more_than_prepare() {
    let found = |run: &str| {
        let text =
            format!("runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: |\n        {run}\n");
        action(&Document::new("sample", &text))
    };
    assert_eq!(found("rustup toolchain install"), Vec::<String>::new());
    for run in [
        "cargo build --release",
        "cosign sign --yes X",
        "sudo true",
        "curl --fail https://example.org/install.sh | sh",
        "rustup toolchain install && true",
        "rustup toolchain install $(cat version)",
        "rustup toolchain install ${{ inputs.version }}",
    ] {
        assert!(
            found(run).iter().any(|said| said.contains("not on the list")),
            "{run}"
        );
    }
}
