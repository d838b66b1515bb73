"""Migrations of the schema `reco`: numbered files, each applied once, in order, in its own transaction."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import ConfigurationError
from include.serving.database import WRITER, Connection, connect
from include.serving.statements import FOLDER, run

if TYPE_CHECKING:
    from pydantic import SecretStr

logger = logging.getLogger(__name__)

MIGRATIONS = FOLDER / "migrations"
NAME = re.compile(r"^(\d{4})_\w+\.sql$")
GROUPS = (WRITER, "reco_analyst")


@dataclass(frozen=True)
class Migration:
    """One file: its number, name, text and the text's SHA-256."""

    version: int
    name: str
    text: str
    checksum: str


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """Return the migrations of `folder` in order.

    Raises
    ------
    ConfigurationError
        When a file is not named `NNNN_what.sql`, or the numbers are not 1, 2, 3 and so on.
    """
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = NAME.match(path.name)
        if match is None or int(match.group(1)) != len(found) + 1:
            raise ConfigurationError(
                f"migration {path.name} is not number {len(found) + 1:04d}",
                remedy="name migrations NNNN_what.sql, without gaps",
            )
        text = path.read_text()
        found.append(Migration(len(found) + 1, path.name, text, hashlib.sha256(text.encode()).hexdigest()))
    return found


def migrate(url: SecretStr | str, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the schema to the newest version; return the names of the migrations applied now.

    Two at once are safe: one waits for the other. Missing roles are created where the login may do so.

    Raises
    ------
    ConfigurationError
        When an applied migration's file was changed, or the login may not make the roles.
    """
    migrations = read_migrations(folder)
    with connect(url, "migrate") as connection:
        with connection, connection.cursor() as cursor:
            run(cursor, "schema_version/lock")
        with connection, connection.cursor() as cursor:
            _make_roles(cursor)
        with connection, connection.cursor() as cursor:
            run(cursor, "schema_version/create")
            applied = dict(run(cursor, "schema_version/applied"))
        for migration in migrations[: len(applied)]:
            if applied[migration.version] != migration.checksum:
                raise ConfigurationError(
                    f"migration {migration.name} was changed after it was applied",
                    remedy="restore the file and put the change into a new migration",
                )
        new = migrations[len(applied) :]
        for migration in new:
            _apply(connection, migration)
    return [migration.name for migration in new]


def _make_roles(cursor: Any) -> None:
    missing = [role for (role,) in run(cursor, "schema_version/roles", groups=list(GROUPS))]
    ((may_create, is_member),) = run(cursor, "schema_version/can_make_roles", writer=WRITER)
    if (missing and not may_create) or (not missing and not is_member):
        raise ConfigurationError(
            f"this login may not act as {WRITER}" if not missing else f"the roles {', '.join(missing)} are missing",
            remedy="as a superuser: CREATE ROLE reco_writer; CREATE ROLE reco_analyst; GRANT reco_writer TO "
            "<the login of NIGHTSHELF_DATABASE_URL>; GRANT reco_analyst TO <that of NIGHTSHELF_ANALYST_URL>",
        )
    if missing:
        run(cursor, "schema_version/create_roles")


def _apply(connection: Connection, migration: Migration) -> None:
    logger.info("applying %s", migration.name)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {WRITER}")
        cursor.execute(migration.text)
        recorded = {"version": migration.version, "name": migration.name, "checksum": migration.checksum}
        run(cursor, "schema_version/record", **recorded)
