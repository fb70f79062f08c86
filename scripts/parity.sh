#!/usr/bin/env bash
# `npm run parity -- --official FOLDER --family NAME [--seed S]`: records the official code's figures and holds ours to them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/python-env.sh kernels/gpu/requirements.txt kernels/gpu/parity/requirements.txt
PYTHONPATH=kernels/gpu exec .venv/bin/python -m parity "$@"
