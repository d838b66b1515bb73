"""A fresh machine in a folder: a minimal Debian or Ubuntu by debootstrap, entered by chroot."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CHECKOUT = "/root/nightshelf"
CERTIFICATES = Path("/usr/local/share/ca-certificates")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How pip and uv reach their index is the machine's own affair; a folder of wheels is not in there.
KEPT = ("PIP_", "UV_", "SSL_CERT_FILE", "HTTP_", "HTTPS_", "NO_PROXY", "http_", "https_", "no_proxy")
DROPPED = ("PIP_FIND_LINKS", "UV_FIND_LINKS")
# Mounts and processes live in namespaces of their own and end with the command.
ENTER = """mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@" </dev/null"""


class NoMachineError(Exception):
    """This machine cannot make another one."""


class Machine:
    """A machine below `root`.

    Parameters
    ----------
    suite
        Debian's or Ubuntu's name of the release.

    Raises
    ------
    NoMachineError
        When this machine cannot make it; it says why.
    """

    def __init__(self, root: Path, suite: str) -> None:
        if os.geteuid() != 0:
            raise NoMachineError("only root can make a machine")
        for program in ("debootstrap", "unshare", "apt-get"):
            if shutil.which(program) is None:
                raise NoMachineError(f"{program} is not installed")
        self._root = root
        mirror = _mirror_of(suite)
        # What README asks for, and nothing else.
        include = "--include=ca-certificates,git,make,python3"
        subprocess.run(
            ["debootstrap", "--variant=minbase", include, suite, root, mirror], check=True, stdout=subprocess.DEVNULL
        )
        for file in ("/etc/hosts", "/etc/resolv.conf", "/etc/pip.conf"):
            if Path(file).is_file():
                shutil.copy(file, root / "etc")
        for certificate in CERTIFICATES.glob("*.crt"):
            shutil.copy(certificate, root / CERTIFICATES.relative_to("/"))
        subprocess.run(["chroot", root, "update-ca-certificates"], check=True, capture_output=True)
        subprocess.run(["git", "clone", "--quiet", PROJECT, f"{root}{CHECKOUT}"], check=True)

    def run(self, command: str) -> int:
        """Run a shell command in the checkout there, show what it says, and return its exit code."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT) and name not in DROPPED}
        environment = {**kept, "HOME": "/root", "PATH": PATH, "LANG": "C.UTF-8"}
        inside = ["/bin/sh", "-c", f"cd {CHECKOUT} && {command}"]
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return subprocess.run([*namespaces, "sh", "-c", ENTER, self._root, *inside], env=environment).returncode

    def delete(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._root)


def _mirror_of(suite: str) -> str:
    """Return the first mirror of this machine's apt that has a release."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for mirror in dict.fromkeys(answer.split()):
        try:
            with urllib.request.urlopen(f"{mirror}dists/{suite}/Release", timeout=30):
                return mirror
        except (urllib.error.URLError, TimeoutError):
            continue
    raise NoMachineError(f"no mirror of this machine's apt has {suite}, or none can be reached")
