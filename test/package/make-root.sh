#!/bin/sh
# Makes the root folder of a Debian as its installer leaves it: systemd, apt, and none of what the tests are about.
# The packages that a test installs later lie in apt's cache, since the machines of the tests have no network.
#
#   make-root.sh bookworm|trixie ROOT     is done at once if ROOT is there
set -eu
release=$1 root=$2

[ -d "$root" ] && exit
mkdir -p "$(dirname "$root")"
new=$(mktemp -d "$root.XXXXXX")
chmod 755 "$new"
trap 'rm -rf "$new"' EXIT

debootstrap --variant=minbase --include=systemd-sysv,dbus,iproute2,procps "$release" "$new" >"$new.log" ||
	{ tail "$new.log" >&2; exit 1; }
rm "$new.log"
# They live for minutes: nothing is to wait for the disk.
echo force-unsafe-io >"$new/etc/dpkg/dpkg.cfg.d/unsafe-io"
echo 'APT::Keep-Downloaded-Packages "true";' >"$new/etc/apt/apt.conf.d/keep"
chroot "$new" apt-get install -qq --download-only --no-install-recommends postfix postgrey db-util >/dev/null
mv -T "$new" "$root"
trap - EXIT
