#!/usr/bin/env bash
# `npm run bench:gpu [-- --size NAME --out FILE]`: device time of the GPU side's models by step and by picture.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/python-env.sh kernels/gpu/requirements.txt
PYTHONPATH=kernels/gpu exec .venv/bin/python -m bench "$@"
