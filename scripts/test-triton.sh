#!/usr/bin/env bash
# `npm run test:triton`: the Triton adapter and the engine against a real tritonserver on this machine's CPU.
set -euo pipefail
cd "$(dirname "$0")/.."
node scripts/ready.mjs
. scripts/python-env.sh kernels/gpu/requirements.txt
exec vitest run --config test/triton/vitest.config.ts
