#!/usr/bin/env bash
# Makes .venv-NAME from requirements/NAME.txt: packages that clash with the project's own.
#
#   scripts/apart.sh bench|s3
#
# Does nothing when it was made from the same lock by the same Python. Talks on stderr only.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

NAME=$1
VENV=.venv-$NAME
STAMP=$VENV/.lock

wanted=$(sha256sum "requirements/$NAME.txt"; .venv/bin/python --version)
[ "$(cat "$STAMP" 2>/dev/null)" != "$wanted" ] || exit 0
echo "setup: making $VENV"
.venv/bin/python -m venv --clear "$VENV"
if ! "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    --require-hashes -r "requirements/$NAME.txt"; then
  rm -rf "$VENV"
  echo "setup: what requirements/$NAME.txt locks cannot be installed: read pip's message above"
  exit 1
fi
echo "$wanted" >"$STAMP"
