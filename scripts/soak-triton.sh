#!/usr/bin/env bash
# `npm run soak:triton`: crowds of requests against a real tritonserver, for minutes (see test/triton/soak.ts).
set -euo pipefail
cd "$(dirname "$0")/.."
node scripts/ready.mjs
. scripts/python-env.sh kernels/gpu/requirements.txt
exec node test/triton/soak.ts "$@"
