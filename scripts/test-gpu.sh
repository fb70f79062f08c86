#!/usr/bin/env bash
# `npm run test:gpu`: lints and tests the Python side, then serves it on a real tritonserver and tests that, alone and in chaos.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/python-env.sh kernels/gpu/requirements.txt
cd kernels/gpu
../../.venv/bin/ruff check .
../../.venv/bin/ruff format --check .
../../.venv/bin/python -m pytest -q
cd ../..
npm run --silent test:triton
exec npm run --silent test:chaos -- --seed 7 --generations 24 --every 14 --flips 0
