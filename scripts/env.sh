#!/usr/bin/env bash
# Writes .env from .env.example, with a fresh secret wherever the line before says "# generated: hex|fernet".
# A file that is there gets the secrets that it lacks, which a newer version asks for; what it has stays, since the
# databases of the stack know its passwords.
set -euo pipefail
cd "$(dirname "$0")/.."
goal=${1:-.env}

hex() { od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n'; }
fernet() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

if [ -e "$goal" ]; then
  added=
  while read -r kind name; do
    grep -q "^$name=" "$goal" && continue
    [ -z "$(tail -c 1 "$goal")" ] || echo >>"$goal"
    echo "$name=$("$kind")" >>"$goal"
    added="$added $name"
  done < <(awk '/^# generated: / {kind = $3; next} kind {sub(/=.*/, ""); print kind, $0; kind = ""}' .env.example)
  if [ -n "$added" ]; then echo "env: added to $goal:$added" >&2; exit; fi
  echo "env: $goal has every secret and stays as it is. To change one value, edit it; a database keeps the" \
    "password that it was made with." >&2
  exit
fi

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
echo "env: wrote $goal; next: docker compose up --detach --build --wait" >&2
