#!/bin/sh
# Shrinks a component or a module, explains it, and compares it with a budget: sh ship.sh FILE DIRECTORY
set -eu
input=${1:?usage: sh ship.sh FILE DIRECTORY}
directory=${2:?usage: sh ship.sh FILE DIRECTORY}
budget=$(dirname "$0")/size-budget.toml
output=$directory/$(basename "$input")
named=${output%.wasm}.named.wasm

mkdir -p "$directory"
wasm-diet shrink "$input" -o "$output"
# The names of functions are not shipped. A second file keeps them: without them no byte can be explained.
wasm-diet shrink --quiet --keep name "$input" -o "$named" >/dev/null
wasm-diet size "$named"
wasm-diet report "$named" --html "${output%.wasm}.html"
wasm-diet check --budget "$budget" "$output"
