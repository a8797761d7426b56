#!/bin/sh
# A compiler that names $ANOTHER_HOST as its host, and is otherwise $REAL_RUSTC.
case " $* " in
*" -vV "*) "${REAL_RUSTC:?}" "$@" | sed "s/^host: .*/host: ${ANOTHER_HOST:?}/" ;;
*) exec "${REAL_RUSTC:?}" "$@" ;;
esac
