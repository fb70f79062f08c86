#!/usr/bin/env bash
# `npm run test:gpu`: lints and tests the Python side.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/python-env.sh kernels/gpu/requirements.txt
cd kernels/gpu
../../.venv/bin/ruff check .
../../.venv/bin/ruff format --check .
../../.venv/bin/python -m pytest -q
