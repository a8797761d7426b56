#!/bin/sh
# Shrinks a component or a module, explains it, and compares it with a budget: sh ship.sh FILE DIRECTORY
set -eu
input=${1:?usage: sh ship.sh FILE DIRECTORY}
directory=${2:?usage: sh ship.sh FILE DIRECTORY}
budget=$(dirname "$0")/size-budget.toml
output=$directory/$(basename "$input")

mkdir -p "$directory"
wasm-diet shrink "$input" -o "$output"
wasm-diet size "$output"
wasm-diet report "$output" --html "${output%.wasm}.html"
wasm-diet check --budget "$budget" "$output"
