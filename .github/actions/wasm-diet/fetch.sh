#!/usr/bin/env bash
# Fetches a release of wasm-diet for this runner, and compares it with the release's checksums. Where there is no such
# release, it compiles the version of this action, without Binaryen: a comparison with a budget needs none.
#
#   RELEASES  the address of the releases
#   VERSION   the release
set -euo pipefail

target="$(uname -m)-unknown-linux-musl"
name="wasm-diet-$VERSION-${target/arm64/aarch64}"
directory="$RUNNER_TEMP/wasm-diet"
mkdir -p "$directory"
cd "$directory"

fetch() {
  curl --fail --silent --show-error --location --retry 3 --output "$1" "$RELEASES/v$VERSION/$1"
}

if [[ $(uname -s) == Linux ]] && fetch "$name.tar.gz"; then
  fetch SHA256SUMS
  grep "  ${name}[.]tar[.]gz\$" SHA256SUMS | sha256sum --check --strict
  tar -xzf "$name.tar.gz"
  program="$directory/$name/wasm-diet"
else
  echo "::notice::there is no archive of wasm-diet $VERSION for this runner: it is compiled"
  # rustup reads `rust-toolchain.toml` from the current directory.
  cd "$GITHUB_ACTION_PATH/../../.."
  cargo install --quiet --locked --path crates/wasm-diet --root "$directory"
  program="$directory/bin/wasm-diet"
fi
echo "program=$program" >> "$GITHUB_OUTPUT"
