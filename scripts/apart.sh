#!/usr/bin/env bash
# Makes .venv-NAME from requirements-NAME.txt: packages that do not go together with the project's own.
#
#   scripts/apart.sh bench|s3
#
# Does nothing when the lock is the one that it was made from. Talks on stderr only.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

NAME=$1
VENV=.venv-$NAME
STAMP=$VENV/.lock

wanted=$(sha256sum "requirements-$NAME.txt")
[ "$(cat "$STAMP" 2>/dev/null)" != "$wanted" ] || exit 0
echo "setup: making $VENV"
.venv/bin/python -m venv --clear "$VENV"
if ! "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    --require-hashes -r "requirements-$NAME.txt"; then
  rm -rf "$VENV"
  echo "setup: what requirements-$NAME.txt locks cannot be installed: read pip's message above"
  exit 1
fi
echo "$wanted" >"$STAMP"
