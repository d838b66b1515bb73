"""Where things are for a process that stands for a container: its address, other services', its folders.

A container has a network and a file system of its own. Here each gets an address of its own in 127.0.0.0/8, where it
listens on the very ports that the compose file names, and its folders lie below the rehearsal's home.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.settings import PROJECT

CODE, PACKAGES, CACHE = "/opt/nightshelf", "/opt/venv", "/var/cache/nightshelf"
SCRATCH, DATA = "/tmp", "/var/lib/nightshelf"
ANYWHERE = r"0\.0\.0\.0|127\.0\.0\.1"


def random_subnet() -> str:
    """Return the first three numbers of addresses that hardly anybody else uses on this machine."""
    return f"127.{random.randint(64, 254)}.{random.randint(0, 254)}"


@dataclass(frozen=True)
class Places:
    """Turns what is written for containers into what holds on this machine.

    Parameters
    ----------
    home
        Folder of the rehearsal.
    cache
        What is made once for an installation: it stands for the image's own.
    addresses
        Of each container of ours, by name.
    servers
        `host:port` of the servers that are not ours, by their host name.
    """

    home: Path
    cache: Path
    addresses: Mapping[str, str]
    servers: Mapping[str, str]

    def translated(self, text: str, name: str, volumes: Mapping[str, str]) -> str:
        """Return `text` with every address and folder as the container `name` finds it here.

        Parameters
        ----------
        name
            One of `addresses`.
        volumes
            Of the container: folder by named volume.
        """
        folders = self.folders(name, volumes)
        # In one pass, so that nothing that was put in is looked at again
        known = {**self.addresses, **self.servers}
        hosts = rf"(?<![\w.-])(?P<host>{_any(known)}|{ANYWHERE}):(?P<port>\d+(?![\w@])|\*)"
        alone = rf"(?<![\w.-])(?P<alone>{ANYWHERE})(?![\w.])"
        paths = rf"(?<![\w.-])(?P<folder>{_any(folders)})(?![\w.-])"

        def replace(match: re.Match[str]) -> str:
            if folder := match["folder"]:
                return str(folders[folder])
            if match["alone"]:
                return self.addresses[name]
            host = match["host"]
            return self.servers.get(host) or f"{self.addresses.get(host, self.addresses[name])}:{match['port']}"

        return re.sub(f"{hosts}|{alone}|{paths}", replace, text)

    def folders(self, name: str, volumes: Mapping[str, str]) -> dict[str, Path]:
        """Return where the container `name` has what it knows under another path."""
        own = {folder: self.home / "volumes" / volume for volume, folder in volumes.items()}
        return {
            CODE: PROJECT,
            PACKAGES: Path(sys.prefix),
            CACHE: self.cache,
            SCRATCH: self.scratch(name),
            DATA: self.scratch(name) / "data",  # the image has that folder where no volume lies over it
            **own,
        }

    def scratch(self, name: str) -> Path:
        """Return what the container `name` has as /tmp."""
        return self.home / "tmp" / name


def _any(names: Mapping[str, object]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
