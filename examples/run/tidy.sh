#!/bin/sh
# Lets a model work on the files of a directory: sh tidy.sh DIRECTORY TASK
set -eu
directory=${1:?usage: sh tidy.sh DIRECTORY TASK}
task=${2:?usage: sh tidy.sh DIRECTORY TASK}
exec weft chat --config "$(dirname "$0")/config.json" --workspace "$directory" -- "$task"
