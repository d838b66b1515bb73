"""Optuna's studies, kept in the schema `tuning` of the project's PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.errors import ConfigurationError, DatabaseError
from include.serving.database import OPTIONS, WRITER, connect, describe

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from pydantic import SecretStr

SCHEMA = "tuning"


@contextmanager
def study_storage(url: SecretStr) -> Iterator[RDBStorage]:
    """Open the storage for the length of a `with`; Optuna makes its tables on first use.

    Raises
    ------
    ConfigurationError
        When the URL is none, the schema is missing, or another release of Optuna made its tables.
    DatabaseError
        When the server cannot be reached or fails in the middle; another try may help.
    """
    with connect(url, "studies", role=WRITER):  # names what is wrong better than SQLAlchemy does
        pass
    import optuna
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    plain = url.get_secret_value()
    address = make_url(plain).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    options = f"{OPTIONS} -c role={WRITER} -c search_path={SCHEMA}"
    storage = None
    try:
        storage = _open(address, options)
        yield storage
    except (SQLAlchemyError, StorageInternalError) as error:
        line = next(iter(str(error.__cause__ or error).strip().splitlines()), type(error).__name__)
        raise DatabaseError(f"Optuna's study at {describe(plain)} failed: {line}", remedy="read its log") from error
    finally:
        if storage is not None:
            storage.engine.dispose()


def _open(address: str, options: str) -> RDBStorage:
    from optuna.storages import RDBStorage

    settings = {"connect_args": {"options": options, "application_name": "nightshelf tuning"}, "pool_pre_ping": True}
    try:
        return RDBStorage(address, engine_kwargs=settings)
    except RuntimeError as error:
        raise ConfigurationError(
            f"another release of Optuna made the tables of schema {SCHEMA}: {str(error).splitlines()[0]}",
            remedy=f"DROP SCHEMA {SCHEMA} CASCADE, which forgets unfinished studies, then run python -m jobs.migrate",
        ) from error
