#!/usr/bin/env bash
# Writes .env from .env.example, with a fresh secret wherever the line before says "# generated: hex|fernet".
# It never touches a file that is there: the databases of the stack know its passwords.
set -euo pipefail
cd "$(dirname "$0")/.."
goal=${1:-.env}

if [ -e "$goal" ]; then
  echo "env: $goal is there already and stays as it is. To change one value, edit it; a database keeps the" \
    "password that it was made with." >&2
  exit 1
fi

hex() { od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n'; }
fernet() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

umask 077
draft=$(mktemp "$goal.XXXXXX")
trap 'rm -f "$draft"' EXIT
kind=
while IFS= read -r line; do
  case $line in
    "# generated: hex") kind=hex ;;
    "# generated: fernet") kind=fernet ;;
    *) [ -z "$kind" ] || line=$line$("$kind")
       kind= ;;
  esac
  printf '%s\n' "$line"
done <.env.example >"$draft"
ln "$draft" "$goal" # unlike mv it fails when another call was faster
echo "env: wrote $goal; next: docker compose up --detach --build" >&2
