"""A real PostgreSQL of our own: made, started and stopped as processes of this machine.

Layout: `<home>/postgres/` holds the passwords (0600), a lock and the file `location`, which
names the cluster's folder: `<home>/postgres/cluster`, or a folder below /var/lib when the
server runs as another account that cannot reach `home`. The server listens on 127.0.0.1 only
and has no Unix socket: it leaves nothing in /tmp, and long paths do no harm.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from devstack import accounts
from devstack.ports import LOCALHOST, require_free
from devstack.programs import Programs, find_programs
from devstack.roles import LOGINS, SUPERUSER, make_roles, password_variables
from include.errors import StackError

logger = logging.getLogger(__name__)

POSTGRES_PORT = "NIGHTSHELF_POSTGRES_PORT"
FALLBACK = Path("/var/lib")
START_SECONDS = 60
STOP_SECONDS = 60
LOG_LIMIT = 10 << 20

# The server's settings, beside its port. Nothing replicates from it, so the WAL is as small as
# it can be: a table that is filled in the transaction that made it is written once, not twice.
SETTINGS = {
    "listen_addresses": LOCALHOST,
    "unix_socket_directories": "",
    "max_connections": "150",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "cluster_name": "nightshelf",
}


class Postgres:
    """One PostgreSQL server, with the databases `nightshelf` and `airflow` unless it is `bare`.

    Every method may be called at any time, again, and after any kind of crash.

    Parameters
    ----------
    home
        NIGHTSHELF_HOME.
    port
        Port on 127.0.0.1.
    environment
        Only PG_BIN is read: a folder of PostgreSQL programs to use rather than the ones found.
    bare
        Make no roles or databases beside the superuser's: the caller does.
    """

    def __init__(
        self, home: Path, port: int, environment: Mapping[str, str] = os.environ, *, bare: bool = False
    ) -> None:
        self.home = home.absolute() / "postgres"
        self.port = port
        self.account = accounts.server_account()
        self._environment = environment
        self._bare = bare

    # What others ask

    def url(self, database: str = "nightshelf", role: str = "nightshelf") -> str:
        """Return the URL under which `role` (nightshelf, analyst, airflow or postgres) reaches `database`."""
        return f"postgresql://{role}:{self._passwords()[role]}@{LOCALHOST}:{self.port}/{database}"

    def program(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's programs, for instance `psql`."""
        return self._programs().path(name)

    def running(self) -> bool:
        """Tell whether the server of this home runs, on whatever port."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """Return the server's process id; None when it does not run.

        A pid file that a crash left behind names no process, or one that has nothing to do
        with our data folder: the server works in that folder.
        """
        written = self._pid_file()
        try:
            ours = written and psutil.Process(written[0]).cwd() == str(self._data().resolve())
        except psutil.Error:
            return None
        return written[0] if written and ours else None

    def log_file(self) -> Path:
        """Return the server's log."""
        return self._root() / "server.log"

    # What others want done

    def start(self) -> None:
        """Make the server answer on its port: make the cluster, start it, make roles and databases.

        Raises
        ------
        StackError
            When the port is busy, the disk is full, or there are no programs or no account to run it.
        """
        with self._locked():
            if self.running() and self._running_port() != self.port:
                self._stop()
            if not self.running():
                require_free(self.port, "PostgreSQL", variable=POSTGRES_PORT)
                self._make_cluster()
                self._start_server()
            if not self._bare:
                variables = password_variables(self._passwords())
                make_roles(self.program("psql"), self.url("postgres", SUPERUSER), variables)

    def stop(self) -> None:
        """End the server: sessions are cut, transactions rolled back, everything is on disk."""
        if self.home.is_dir():
            with self._locked():
                self._stop()

    def remove(self) -> None:
        """Stop the server and delete everything that it stored."""
        self.stop()
        for folder in (self._root(), self.home):
            if folder.exists():
                shutil.rmtree(folder)

    # How it is done

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start or stop the server of this home."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            with (self.home / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise _storage_error(self.home, error) from error

    def _root(self) -> Path:
        location = self.home / "location"
        return Path(location.read_text().strip()) if location.is_file() else self.home / "cluster"

    def _data(self) -> Path:
        return self._root() / "data"

    def _pid_file(self) -> tuple[int, int] | None:
        """Return process id and port as the server wrote them (lines 1 and 4 of its pid file)."""
        try:
            lines = (self._data() / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), int(lines[3])
        except (OSError, IndexError, ValueError):
            return None

    def _running_port(self) -> int | None:
        written = self._pid_file()
        return written[1] if written else None

    def _passwords(self) -> dict[str, str]:
        path = self.home / "passwords.json"
        if path.is_file():
            return _read_passwords(path)
        if (self._data() / "PG_VERSION").is_file():
            raise StackError(
                f"{path} is gone, and with it every way into the database",
                remedy="restore that file, or start anew with `make clean`",
            )
        self.home.mkdir(parents=True, exist_ok=True)
        passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *LOGINS)}
        handle, temporary = tempfile.mkstemp(dir=self.home)  # mkstemp makes it 0600
        with os.fdopen(handle, "w") as stream:
            json.dump(passwords, stream)
        Path(temporary).replace(path)
        return passwords

    def _choose_root(self) -> Path:
        """Return a folder for the cluster that the server's account can reach, and remember it."""
        self.home.mkdir(parents=True, exist_ok=True)
        root = self._root()
        if not self.account.can_enter(root.parent):
            name = f"nightshelf-{hashlib.sha256(str(self.home).encode()).hexdigest()[:10]}"
            logger.info("uid %d cannot reach %s: the database lives in %s", self.account.uid, root, FALLBACK / name)
            root = FALLBACK / name
            (self.home / "location").write_text(f"{root}\n")
        return self.account.private_folder(root)

    def _programs(self) -> Programs:
        """Return programs that fit the cluster and that the server's account can run."""
        version = self._data() / "PG_VERSION"
        major = int(version.read_text()) if version.is_file() else None
        programs = find_programs(self._environment, major=major)
        if self.account.can_run(programs.path("initdb")):
            return programs
        return Programs(accounts.copy_programs(self.account, programs.folder, self._choose_root()), programs.major)

    def _make_cluster(self) -> None:
        root, data = self._choose_root(), self._data()
        if (data / "PG_VERSION").is_file():
            return
        unfinished = root / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        logger.info("making a database cluster in %s", data)
        with _password_file(self.account, root, self._passwords()[SUPERUSER]) as password_file:
            done = self.account.run([
                self.program("initdb"), "--pgdata", unfinished, "--username", SUPERUSER, "--pwfile", password_file,
                "--auth-host=scram-sha-256", "--auth-local=reject", "--encoding=UTF8", "--locale=C",
                "--data-checksums",
            ])  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise _server_error("cannot make a database cluster", done.stdout, data)
        unfinished.rename(data)

    def _start_server(self) -> None:
        (self._data() / "postmaster.pid").unlink(missing_ok=True)  # no process stands behind it: see pid()
        log = self.log_file()
        if log.is_file() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        settings = {**SETTINGS, "port": str(self.port)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        command: list[str | Path] = [
            self.program("pg_ctl"), "start", "--wait", "--timeout", str(START_SECONDS), "--silent",
            "--pgdata", self._data(), "--log", log, "--options", options,
        ]  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while True:
            written = log.stat().st_size if log.is_file() else 0
            done = self.account.run(command, timeout=START_SECONDS + 10)
            if done.returncode == 0:
                logger.info("PostgreSQL answers on %s:%d", LOCALHOST, self.port)
                return
            said = log.read_text(errors="replace")[written:] if log.is_file() else ""
            # After a kill -9 of the server its last children need a moment to notice
            if "pre-existing shared memory block" not in said or time.monotonic() > deadline:
                raise _server_error(f"PostgreSQL does not start (log: {log})", said or done.stdout, self._data())
            time.sleep(0.5)

    def _stop(self) -> None:
        for kind, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10)):
            pid = self.pid()
            if pid is None:
                return
            os.kill(pid, kind)
            deadline = time.monotonic() + seconds
            while self.running() and time.monotonic() < deadline:
                time.sleep(0.05)
        if self.running():
            raise StackError(f"PostgreSQL (pid {self.pid()}) does not end", remedy=f"read {self.log_file()}")


def _read_passwords(path: Path) -> dict[str, str]:
    try:
        return {role: str(password) for role, password in json.loads(path.read_text()).items()}
    except (ValueError, AttributeError) as error:
        raise StackError(
            f"{path} is damaged, and with it every way into the database",
            remedy="restore that file, or start anew with `make clean`",
        ) from error


@contextmanager
def _password_file(account: accounts.Account, folder: Path, password: str) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(password + "\n")
        os.chown(name, account.uid, account.gid)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _server_error(what: str, said: str, data: Path) -> StackError:
    """Return one line from the programs' output: the first that says what is wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wrong = next((line for line in lines if any(sign in line for sign in ("FATAL", "PANIC", "error:"))), None)
    line = wrong or (lines[-1] if lines else "it said nothing")
    if "No space left on device" in said:
        return StackError(f"{what}: the disk that holds {data} is full", remedy="free space there and start again")
    return StackError(f"{what}: {line}", remedy="remove that cause and start again")


def _storage_error(folder: Path, error: OSError) -> StackError:
    where = error.filename or folder
    return StackError(f"{where}: {error.strerror}", remedy="free space or correct the permissions there")
