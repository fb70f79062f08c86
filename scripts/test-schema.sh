#!/usr/bin/env bash
# Makes the Python of its own in which `npm run test:schema` finds schemathesis.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=test/schemathesis/requirements.txt
venv=.local/schemathesis-venv
cmp -s "$requirements" "$venv/requirements.txt" && exit
echo "vpg-edge: installing $requirements into $venv …" >&2
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$venv/requirements.txt"
