#!/usr/bin/env bash
# Fetches the jars that Spark needs for S3 (690 MB) into the installation's cache and checks them.
#
#   scripts/jars.sh [PYTHON]     PYTHON is the interpreter of the installation, .venv's by default
#
# With Maven where there is one, else with the Ivy inside PySpark; mirrors and proxies are theirs.
# Does nothing for a jar that is there and right. Talks on stderr only.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

PYTHON=${1:-.venv/bin/python}
FOLDER=$("$PYTHON" -c 'from include.settings import load_settings; print(load_settings().jar_folder)')
DRAFTS=$FOLDER/.drafts

say() { echo "jars: $*"; }
die() { say "$*"; exit 1; }

right() { # file, sha256
  [ -f "$1" ] && echo "$2  $1" | sha256sum --check --status
}

fetch() { # group, artifact, version: the jar alone, without what its pom asks for
  if command -v mvn >/dev/null; then
    mvn -q -B -Dstyle.color=never dependency:copy -Dartifact="$1:$2:$3" -DoutputDirectory="$DRAFTS" </dev/null
  else
    local ivy
    ivy=$("$PYTHON" -c 'import pathlib, pyspark; print(*pathlib.Path(pyspark.__file__).parent.glob("jars/ivy-*.jar"))')
    java -jar "$ivy" -warn -notransitive -dependency "$1" "$2" "$3" -retrieve "$DRAFTS/[artifact]-[revision].[ext]" \
      -types jar
  fi
}

mkdir -p "$DRAFTS"
trap 'rm -rf "$DRAFTS"' EXIT
while read -r coordinates sum; do
  IFS=: read -r group artifact version <<<"$coordinates"
  name=$artifact-$version.jar
  right "$FOLDER/$name" "$sum" && continue
  say "fetching $coordinates"
  fetch "$group" "$artifact" "$version" || die "$coordinates cannot be fetched: see Maven's or Ivy's message above"
  right "$DRAFTS/$name" "$sum" || die "$name has another SHA-256 than deploy/spark/s3-jars.txt says; it is not used"
  mv "$DRAFTS/$name" "$FOLDER/$name"
done < <(grep -v '^#' deploy/spark/s3-jars.txt)
say "ready in $FOLDER"
