#!/usr/bin/env bash
# Compiles requirements*.in into requirements*.txt: every version and hash, no index addresses.
# Pins that still fit are kept; `UPGRADE=1 make lock` looks for newer ones.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x "$uv" ] || { echo "lock: $uv is missing: run make setup" >&2; exit 1; }

for name in requirements requirements-dev requirements-bench requirements-image requirements-s3; do
  "$uv" pip compile --quiet ${UPGRADE:+--upgrade} \
    --python-version 3.11 --override overrides.txt --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    --output-file "$name.txt" "$name.in"
  if grep -nE '://|--(extra-)?index-url|--find-links' "$name.txt"; then
    echo "lock: $name.txt names an address: remove the source of it from $name.in" >&2
    exit 1
  fi
done
