#!/bin/sh
# Runs commands in a copy of a system that this machine does not see:
#
#     unshare --mount sh enter.sh SYSTEM COPY VARIABLE=VALUE… COMMAND…
#
# COPY gets what the commands change. They have this machine's network, and in MOUNTS, separated by spaces, files and
# directories of this machine, which are read only: FROM:TO. With NOEXEC, nothing in /tmp can be run.
set -eu

system=$1
copy=$2
shift 2
root=$copy/root
mkdir -p "$root" "$copy/changes" "$copy/work"
mount -t overlay overlay -o "lowerdir=$system,upperdir=$copy/changes,workdir=$copy/work" "$root"
mount -t proc proc "$root/proc"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
for mount in ${MOUNTS:-}; do
    from=${mount%%:*}
    to=$root/${mount#*:}
    mkdir -p "${to%/*}"
    if [ -d "$from" ]; then mkdir -p "$to"; else : >"$to"; fi
    mount --bind -o ro "$from" "$to"
done
[ -z "${NOEXEC:-}" ] || mount -t tmpfs -o noexec none "$root/tmp"
exec chroot "$root" /usr/bin/env -i HOME=/root "$@"
