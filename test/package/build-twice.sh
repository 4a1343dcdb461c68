#!/bin/sh
# Makes the package of this tree, and at the same time once more from a copy of the tree in another place, under
# another time zone: that one is put into build/elsewhere/, and package.test.ts compares both.
set -eu
elsewhere=$(mktemp -d)
trap 'wait; rm -rf "$elsewhere"' EXIT

git ls-files -z --cached --others --exclude-standard | tar c --null -T - | tar x -C "$elsewhere"
cp -a .git node_modules "$elsewhere"
(cd "$elsewhere" && TZ=Asia/Tokyo npm run package >log 2>&1) &
npm run package
wait $! || { tail "$elsewhere/log" >&2; exit 1; }
mkdir build/elsewhere
mv "$elsewhere"/greyd_*.deb build/elsewhere/
