#!/bin/sh
# Asks a model what is wrong with a change: git diff | sh review.sh
set -eu
exec weft chat --system "You review changes. Be brief." "List the faults of this change."
