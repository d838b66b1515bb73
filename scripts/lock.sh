#!/usr/bin/env bash
# Compiles the dependencies of pyproject.toml into requirements.txt, and each of its groups into requirements/GROUP.txt:
# every version and hash, for all Pythons and platforms that pyproject.toml names, and no index addresses.
# Pins that still fit are kept; `UPGRADE=1 make lock` looks for newer ones.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x "$uv" ] || { echo "lock: $uv is missing: run make setup" >&2; exit 1; }

compile() { # the lock, then what is compiled
  local lock=$1; shift
  "$uv" pip compile --quiet ${UPGRADE:+--upgrade} --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file "$lock" "$@"
  if grep -nE '://|--(extra-)?index-url|--find-links' "$lock"; then
    echo "lock: $lock names an address: remove the source of it from pyproject.toml" >&2
    exit 1
  fi
}

compile requirements.txt pyproject.toml
for group in dev image; do compile "requirements/$group.txt" --group "$group" --constraints requirements.txt; done
for group in bench s3 build; do compile "requirements/$group.txt" --group "$group"; done
