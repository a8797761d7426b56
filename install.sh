#!/bin/sh
# Installs weft, the native command of clawft, for the user who runs this:
#
#     curl -fsSL https://github.com/clawft/clawft/releases/latest/download/install.sh | sh
#
# The archive for this system is downloaded from the release page, compared with its checksum, and unpacked. Variables:
#
#     WEFT_VERSION        the version, such as 0.2.0; otherwise the latest
#     WEFT_INSTALL_DIR    the directory of the program; otherwise ~/.local/bin
#     WEFT_RELEASES       the address of a copy of the release pages
#
# It needs curl or wget, tar with gzip, and sha256sum, shasum or openssl. Nothing but the directory, and beside it
# ../share/man/man1, is changed.
set -eu

# Everything is said on standard error. A closed output would give its number to another file.
exec >/dev/null
(: >&2) || exec 2>/dev/null

source=https://github.com/clawft/clawft
releases=$source/releases

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "error: $*"
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# Prints Rust's name of this system and its processor.
target() {
    system=$(uname -s)
    machine=$(uname -m)
    case $machine in
        x86_64 | amd64) machine=x86_64 ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) fail "weft is not released for the processor \`$machine\`: with Rust, build it with \`cargo install --git $source weft\`" ;;
    esac
    case $system in
        Linux) printf '%s-unknown-linux-musl\n' "$machine" ;;
        Darwin)
            # A shell that Rosetta translates names the wrong processor.
            if [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then machine=aarch64; fi
            printf '%s-apple-darwin\n' "$machine"
            ;;
        MINGW* | MSYS* | CYGWIN*) fail "on Windows, use install.ps1: irm $releases/latest/download/install.ps1 | iex" ;;
        *) fail "weft is not released for the system \`$system\`: with Rust, build it with \`cargo install --git $source weft\`" ;;
    esac
}

# Returns whether the address $1 is on this machine.
is_local() {
    case $1 in
        *@*) return 1 ;;
        http://127.0.0.1[:/]* | http://localhost[:/]* | 'http://[::1]'[:/]*) ;;
        *) return 1 ;;
    esac
}

# Downloads the address $1 into the file $2. Only a copy on this machine may be without TLS. A server that says nothing
# for a minute is given up.
download() {
    case $1 in
        https://*) ;;
        *) is_local "$1" || fail "\`$1\` does not begin with https://" ;;
    esac
    say "Downloading $1"
    if has curl; then
        with_curl "$1" "$2"
    elif is_local "$1"; then
        with_wget "$1" "$2"
    else
        # wget cannot be told to refuse addresses without TLS after a redirect. It cannot reach them by this proxy.
        (export http_proxy=http://127.0.0.1:9 && with_wget "$1" "$2")
    fi || fail "could not download $1, for the reason above; behind a proxy, set https_proxy"
    [ -e "$2" ] || fail "$1 was not stored: look for the options that prevent it in ~/.curlrc and ~/.wgetrc"
}

# Downloads with curl. Proxies and certificates in the user's ~/.curlrc are wanted; but a name of a file or a directory
# there takes the place of the one here, and then curl is started again without it.
with_curl() {
    code=0
    transfer --output "$2" "$1" || code=$?
    # With 23, it could not write what it was told to.
    case $code in
        0 | 23) ! [ -e "$2" ] || return "$code" ;;
        *) return "$code" ;;
    esac
    say "Downloading it again without ~/.curlrc"
    transfer -q --output "$2" "$1"
}

# Runs curl with the arguments: `-q` has to be the first of them.
transfer() {
    curl "$@" --fail --silent --show-error --location --retry 2 --proto-redir '=https' \
        --connect-timeout 60 --speed-limit 1 --speed-time 60
}

# Downloads with wget: GNU's tells the reason of an error only if it is not quiet.
with_wget() {
    case $(wget --version 2>/dev/null) in
        'GNU Wget'*) wget --no-verbose --timeout=60 --tries=3 --output-document="$2" "$1" ;;
        *) wget -q -T 60 -O "$2" "$1" ;;
    esac
}

# Prints the SHA-256 sum of the file $1. It is read as standard input, because sha256sum marks unusual names.
checksum() {
    if has sha256sum; then
        sha256sum <"$1"
    elif has shasum; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 -r <"$1"
    fi | cut -c 1-64
}

# Names all programs that are missing.
require_programs() {
    missing=
    has curl || has wget || missing="$missing, curl or wget"
    has tar || missing="$missing, tar"
    has gzip || missing="$missing, gzip"
    has sha256sum || has shasum || has openssl || missing="$missing, sha256sum, shasum or openssl"
    [ -z "$missing" ] || fail "install these programs first: ${missing#, }"
}

# Prints the directory of the program, as an absolute path.
install_directory() {
    directory=${WEFT_INSTALL_DIR:-}
    if [ -z "$directory" ]; then
        [ -n "${HOME:-}" ] || fail "set WEFT_INSTALL_DIR, because there is no HOME"
        directory=$HOME/.local/bin
    fi
    # A shell does not expand a tilde in quotes.
    # shellcheck disable=SC2088
    case $directory in
        '~' | '~/'*)
            [ -n "${HOME:-}" ] || fail "WEFT_INSTALL_DIR begins with ~, but there is no HOME"
            directory=$HOME${directory#'~'}
            ;;
        '~'*) fail "write the home directory out in WEFT_INSTALL_DIR: $directory" ;;
        /*) ;;
        *) directory=$PWD/$directory ;;
    esac
    while [ "$directory" != / ] && [ "${directory%/}" != "$directory" ]; do directory=${directory%/}; done
    printf '%s\n' "$directory"
}

# Prints the directory $1 without links.
physical() { (CDPATH='' cd -P -- "$1" 2>/dev/null && pwd -P) || true; }

# Prints $1 as it is written between double quotes.
escaped() {
    rest=$1
    while [ -n "$rest" ]; do
        next=${rest#?}
        char=${rest%"$next"}
        rest=$next
        case $char in
            '"' | '$' | '`' | "\\") printf '\\%s' "$char" ;;
            *) printf '%s' "$char" ;;
        esac
    done
}

# Tells how to find the program in $1, unless the shell does already.
say_path() {
    own=$(physical "$1")
    other=
    entries=$PATH:
    while [ -n "$entries" ]; do
        entry=${entries%%:*}
        entries=${entries#*:}
        if [ "$(physical "${entry:-.}")" = "$own" ]; then
            [ -z "$other" ] || say "warning: another program is found first: $other"
            return
        fi
        if [ -z "$other" ] && [ -f "$entry/weft" ] && [ -x "$entry/weft" ] && ! [ "$entry/weft" -ef "$1/weft" ]; then
            other=$entry/weft
        fi
    done
    case $1 in
        *:*)
            say "Its directory cannot be in a PATH, because there is a colon in the name: start it as $1/weft"
            return
            ;;
    esac
    case ${SHELL:-} in
        */zsh) profile=.zshrc ;;
        */bash)
            profile=.bashrc
            # Terminals of macOS start login shells, which do not read it.
            if [ "$(uname -s)" = Darwin ]; then profile=.bash_profile; fi
            ;;
        */fish)
            say "Add it to your PATH: fish_add_path \"$(escaped "$1")\""
            return
            ;;
        *) profile=.profile ;;
    esac
    say "Add it to your PATH, here and in ~/$profile: export PATH=\"$(escaped "$1"):\$PATH\""
}

# Copies the manual $1 below the directory $2, as far as it is possible. A link is replaced, as the program is.
install_manual() {
    mkdir -p "$2" 2>/dev/null || return 0
    [ ! -d "$2/weft.1" ] || return 0
    new=$2/.weft.1.$$
    { cp "$1" "$new" && chmod 644 "$new" && mv -f "$new" "$2/weft.1"; } 2>/dev/null || rm -f "$new"
}

# All of the script is in functions, and this line of the last one is the last: an incomplete download runs nothing.
main() {
    require_programs
    target=$(target)
    releases=${WEFT_RELEASES:-$releases}
    releases=${releases%/}
    version=${WEFT_VERSION:-}
    version=${version#v}
    case $version in
        '' | [0-9]*.[0-9]*.[0-9]*) ;;
        *) fail "WEFT_VERSION is \`$version\`, which is not a version such as 0.2.0: $releases lists them" ;;
    esac
    if [ -n "$version" ]; then
        page=$releases/download/v$version
    else
        page=$releases/latest/download
    fi
    directory=$(install_directory)

    temporary=$(mktemp -d) || fail "could not make a temporary directory: set TMPDIR to one that you can write to"
    case $temporary in
        /*) ;;
        *) temporary=$PWD/$temporary ;;
    esac
    new=
    trap 'rm -rf "$temporary" ${new:+"$new"}' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 131' QUIT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM

    # The checksums name the archive of each system, with the version.
    download "$page/SHA256SUMS" "$temporary/SHA256SUMS"
    line=$(grep -E "^[0-9a-f]{64}  weft-[0-9][^/ ]*-$target\\.tar\\.gz\$" "$temporary/SHA256SUMS") ||
        fail "$page has no archive for $target"
    expected=${line%% *}
    archive=${line##* }
    download "$page/$archive" "$temporary/$archive"
    found=$(checksum "$temporary/$archive")
    [ "$found" = "$expected" ] ||
        fail "$archive has the SHA-256 sum $found, and SHA256SUMS says $expected: nothing was installed"

    tar -xzf "$temporary/$archive" -C "$temporary" || fail "could not unpack $archive"
    unpacked=$temporary/${archive%.tar.gz}
    # Directories outside the home directory are for all users, whatever this user's own files are.
    case $directory in
        "${HOME:-/}"/*) ;;
        *) umask 022 ;;
    esac
    mkdir -p "$directory" ||
        fail "could not make the directory $directory: set WEFT_INSTALL_DIR to another one"
    [ ! -d "$directory/weft" ] || fail "$directory/weft is a directory: set WEFT_INSTALL_DIR to another one"
    # The new program is tried where it will be: programs in the temporary directory may not be allowed to run. One that
    # runs already cannot be overwritten, but replaced.
    new=$directory/.weft.$$
    { cp "$unpacked/weft" "$new" && chmod 755 "$new"; } ||
        fail "could not write to $directory: set WEFT_INSTALL_DIR to another directory"
    version=$("$new" --version) ||
        fail "weft does not run on this machine, or not in $directory: nothing was installed; try another WEFT_INSTALL_DIR"
    mv -f "$new" "$directory/weft" || fail "could not replace $directory/weft: set WEFT_INSTALL_DIR to another directory"
    if [ "${directory##*/}" = bin ]; then
        install_manual "$unpacked/man/weft.1" "${directory%/*}/share/man/man1"
    fi

    say "Installed $version to $directory/weft"
    say_path "$directory"
    say "Set a key, such as OPENAI_API_KEY, and ask: weft chat \"What is a WASI component?\""
}

main
