#!/usr/bin/env bash
# `npm run test:chaos`: four real endpoints behind fault proxies, a real Worker, crowds of callers (docs/chaos.md).
set -euo pipefail
cd "$(dirname "$0")/.."
node scripts/ready.mjs
case " $* " in
  *[\ =]builtin\ *) ;;
  *) . scripts/python-env.sh kernels/gpu/requirements.txt ;;
esac
exec node test/chaos/command.ts "$@"
