#!/usr/bin/env bash
# Makes .venv-bench, the environment of the benchmarks' peers, from its lock. Where that is not
# possible the benchmarks run without them and say so. Talks on stderr only.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

VENV=.venv-bench
STAMP=$VENV/.lock

wanted=$(sha256sum requirements-bench.txt)
[ "$(cat "$STAMP" 2>/dev/null)" != "$wanted" ] || exit 0
.venv/bin/python -m venv --clear "$VENV"
if "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    --require-hashes -r requirements-bench.txt; then
  echo "$wanted" >"$STAMP"
else
  rm -rf "$VENV"
  echo "bench: the peers cannot be installed; their rows will say so"
fi
