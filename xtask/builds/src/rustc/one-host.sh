#!/bin/sh
# Runs $CLAWFT_RUSTC, and replaces the host in the output of `rustc -vV`: see ../rustc.rs.
if [ "$*" != -vV ]; then
    exec "$CLAWFT_RUSTC" "$@"
fi
version=$("$CLAWFT_RUSTC" -vV) || exit
printf '%s\n' "$version" | sed "s/^host: .*/host: $CLAWFT_HOST/"
