#!/usr/bin/env bash
# Makes .venv from the lock, and installs with apt what the machine lacks for that.
#
#   scripts/setup.sh             with the first Python 3.11, 3.12 or 3.13 on the PATH; PYTHON=<program> names another
#   scripts/setup.sh --dev       adds what `make lint` and `make test` need
#   scripts/setup.sh --check     only says which Python and Java it would take and which packages are missing
#
# Does nothing when .venv was made from the same lock with the same Python and Java. Talks on stderr only.
# Indexes, proxies and certificates are the machine's own: pip's settings are handed on to uv.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

VENV=.venv
STAMP=$VENV/.lock
NEEDED_MB=4000

say() { echo "setup: $*"; }
die() { say "$*"; exit 1; }

# ---- what the machine must have -------------------------------------------------------------

version_of() { # 3.12, of a Python that Nightshelf runs on; else nothing
  "$1" -c 'import sys
if (3, 11) <= sys.version_info < (3, 14): print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

complete() { # whether a Python can make an environment and compile for it
  "$1" -c 'import ensurepip, venv, pathlib, sysconfig, sys
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").is_file())' 2>/dev/null
}

find_python() { # .venv's own wins over the PATH's, a complete one over one that lacks packages
  local name found=
  local names=("$VENV/bin/python")
  mapfile -t -O 1 names < <(type -ap python3 python3.13 python3.12 python3.11)
  [ -z "${PYTHON:-}" ] || names=("$PYTHON")
  for name in "${names[@]}"; do
    [ -n "$(version_of "$name")" ] || continue
    if complete "$name"; then found=$name; break; fi
    found=${found:-$name}
  done
  [ -z "$found" ] || "$found" -c 'import sys; print(sys._base_executable)'
}

find_java() { # the first java of version 17 or later
  local java version
  for java in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} java /usr/lib/jvm/*/bin/java; do
    version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || true
    if [ "${version:-0}" -ge 17 ]; then echo "$java"; return; fi
  done
}

home_of() { # the JAVA_HOME of a java program
  dirname "$(dirname "$(readlink -f "$(command -v "$1")")")"
}

missing_packages() { # names the Debian packages that are lacking, given the interpreter and Java
  local python=$1 java=$2
  [ -n "$java" ] || echo default-jre-headless
  if [ -z "$python" ]; then
    echo "python3 python3-venv python3-dev"
  elif ! complete "$python"; then
    echo "python$(version_of "$python")-venv python$(version_of "$python")-dev"
  fi
  cc -E - <<<'#include <stdio.h>' >/dev/null 2>&1 || echo "gcc libc6-dev"
}

find_all() { # sets python, java and missing
  python=$(find_python)
  java=$(find_java)
  missing=$(missing_packages "$python" "$java" | tr '\n' ' ')
  missing=${missing% }
  [ -z "${PYTHON:-}" ] || [ -n "$python" ] || die "PYTHON=$PYTHON is no Python 3.11, 3.12 or 3.13"
}

install_packages() {
  local names=$1 sudo=
  local advice="install them as root: apt-get update && apt-get install -y $names"
  command -v apt-get >/dev/null ||
    die "this machine lacks $names (Debian's names): install them with its package manager"
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || die "this machine lacks $names: $advice"
    sudo="sudo -n"
  fi
  say "installing with apt: $names"
  local log; log=$(mktemp)
  # Slim images have no man1, without which the Java package cannot be configured.
  if ! { $sudo mkdir -p /usr/share/man/man1 && $sudo apt-get update -q &&
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $names; } \
      >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log"
    die "apt could not install $names (log: $log): $advice"
  fi
  rm -f "$log"
}

wish_for_browser() { # the tests of the page in Airflow's UI are skipped without one, so a machine may do without
  command -v chromium chromium-browser >/dev/null ||
    (install_packages chromium) || say "there is no Chromium: the tests that need one will be skipped"
}

# ---- the environment ------------------------------------------------------------------------

pip_setting() { # what pip would use for NAME, from its files and its environment
  "$VENV/bin/python" -m pip config list 2>/dev/null |
    sed -n "s/^\(global\|install\|:env:\)\.$1='\(.*\)'\$/\2/p" | tail -n 1
}

hand_on() { # pip's setting NAME becomes uv's VARIABLE, unless that or its older name is set
  local value; value=$(pip_setting "$1")
  [ -z "$value" ] || export "$2=${!2:-${!3:-$value}}"
}

hand_on_to_uv() { # uv does not read pip's settings; its own, where there are any, win
  hand_on index-url UV_DEFAULT_INDEX UV_INDEX_URL
  hand_on extra-index-url UV_INDEX UV_EXTRA_INDEX_URL
  hand_on find-links UV_FIND_LINKS UV_FIND_LINKS
  hand_on trusted-host UV_INSECURE_HOST UV_INSECURE_HOST
  hand_on cert SSL_CERT_FILE SSL_CERT_FILE
}

bootstrap_uv() { # by pip, from the lock's own lines
  local wanted; wanted=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.txt)
  [ "$("$VENV/bin/uv" --version 2>/dev/null | cut -d ' ' -f 2)" != "$wanted" ] || return 0
  local lines; lines=$(mktemp)
  awk '/^uv==/ {on = 1; print; next} /^[^ ]/ {on = 0} on' requirements.txt >"$lines"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lines" ||
    die "pip could not install uv $wanted: check the network and pip's settings (pip config list)"
  rm -f "$lines"
}

check_disk() {
  local free; free=$(df -Pm . | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$NEEDED_MB" ] ||
    die "$PWD has $free MB free, the environment needs $NEEDED_MB: make room and try again"
}

make_environment() { # $1: the interpreter; $2: JAVA_HOME; the rest: lock files
  local python=$1 java_home=$2 version; shift 2
  version=$(version_of "$python")
  check_disk
  rm -f "$STAMP"
  if [ "$(version_of "$VENV/bin/python")" != "$version" ] || [ ! -d "$VENV/lib/python$version" ]; then
    say "making $VENV with $("$python" --version)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV" || die "$python could not make $VENV"
  fi
  "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$VENV/bin/python" -m ensurepip >/dev/null
  hand_on_to_uv
  bootstrap_uv
  say "installing what $* lock (about 1.8 GB, a minute or two)"
  # Bytecode now, in parallel: else each of the stack's processes compiles it again as it starts.
  "$VENV/bin/uv" pip sync --quiet --python "$VENV/bin/python" --require-hashes --compile-bytecode \
    --build-constraints requirements/build.txt "$@" ||
    die "uv could not install the locked packages: read its message above, then run make setup again"
  "$VENV/bin/python" -c 'import lightfm, pyspark, airflow' 2>/dev/null ||
    die "the installed packages cannot be imported: delete $VENV and run make setup again"
  say "preparing Spark (half a minute)"
  JAVA_HOME=$java_home "$VENV/bin/python" -m jobs.prepare_spark >/dev/null 2>&1 ||
    say "Spark is not prepared, its jobs start slower; python -m jobs.prepare_spark says why"
}

write_command() { # `nightshelf`: of the checkout in which this .venv stands or is linked, wherever that was moved to
  cat >"$VENV/bin/nightshelf" <<'END'
#!/bin/sh
[ ! -L "$0" ] || exec "$(readlink -f "$0")" "$@"
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/.venv/bin/python" -P -c \
  'import sys; sys.path.insert(0, sys.argv.pop(1)); from devstack.cli import main; sys.exit(main())' "$root" "$@"
END
  chmod +x "$VENV/bin/nightshelf"
}

# ---- main -----------------------------------------------------------------------------------

exec 9<requirements.txt # two set-ups of one checkout take turns
flock 9

locks=(requirements.txt)
if [ "${1:-}" = --dev ] || grep -qs requirements.dev.txt "$STAMP"; then
  locks+=(requirements/image.txt requirements/dev.txt)
fi

find_all
if [ "${1:-}" = --check ]; then
  say "Python ${python:-is missing}"
  say "Java ${java:-is missing}"
  [ -z "$missing" ] || die "missing (Debian's names): $missing"
  exit 0
fi
if [ -n "$missing" ]; then
  install_packages "$missing"
  find_all
  [ -n "$python" ] || die "apt has no Python 3.11, 3.12 or 3.13: install one and run PYTHON=<program> make setup"
  [ -z "$missing" ] || die "still missing after apt: $missing"
fi

java_home=$(home_of "$java")
wanted=$(sha256sum requirements/build.txt "${locks[@]}"; version_of "$python"; echo "$java_home")
if [ "$(cat "$STAMP" 2>/dev/null)" != "$wanted" ]; then
  started=$SECONDS
  make_environment "$python" "$java_home" "${locks[@]}"
  [ "${1:-}" != --dev ] || wish_for_browser
  write_command
  echo "$wanted" >"$STAMP"
  say "done in $((SECONDS - started)) s"
fi
