#!/bin/sh
# Makes the root folder of a Debian as its installer leaves it: systemd, apt, and none of what the tests are about.
# The packages that a test installs later lie in apt's cache, since the machines of the tests have no network.
#
#   make-root.sh bookworm|trixie ROOT     is done at once if ROOT was made by this same script
set -eu
release=$1 root=$2
script=$root/root/make-root.sh

mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9
cmp -s "$0" "$script" && exit
rm -rf "$root"
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase --include=systemd-sysv,dbus,iproute2,procps "$release" "$root" >"$root.log" ||
	{ tail "$root.log" >&2; exit 1; }
chmod 755 "$root"
# They live for minutes: nothing is to wait for the disk.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
echo 'APT::Keep-Downloaded-Packages "true";' >"$root/etc/apt/apt.conf.d/keep"
echo 'APT::Sandbox::User "root";' >"$root/etc/apt/apt.conf.d/sandbox"
# At their time, or some minutes after the boot, they would change files in the middle of a test, or hold apt's lock.
systemctl --quiet --root="$root" mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
chroot "$root" apt-get install -qq --download-only --no-install-recommends postfix postgrey db-util >/dev/null
rm "$root.log"
cp "$0" "$script"
trap - EXIT
