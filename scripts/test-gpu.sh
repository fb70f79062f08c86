#!/usr/bin/env bash
# `npm run test:gpu`: installs what the Python side needs into .venv, then lints and tests it.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=kernels/gpu/requirements.txt
stamp=.venv/installed-requirements.txt
if ! cmp -s "$requirements" "$stamp"; then
  echo "vpg-edge: installing the Python packages (PyTorch among them, several GB) …" >&2
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$stamp"
fi
cd kernels/gpu
../../.venv/bin/ruff check .
../../.venv/bin/ruff format --check .
../../.venv/bin/python -m pytest -q
