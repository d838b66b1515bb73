"""The settings: the only reader of the environment.

A variable that is not set in the environment is looked up in `$NIGHTSHELF_HOME/stack.env`,
which the development stack writes. So a job that a person repeats in a shell finds the same
database and the same lake as the scheduler's run did.

A secret may stand in a file instead, which `<NAME>_FILE` names, as with the official container images.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic import ValidationError as PydanticError

from include.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parent.parent
STACK_FILE = "stack.env"
UNSET = SecretStr("")


def installation_cache(home: Path) -> Path:
    """Return a folder beside the installed packages, or in `home` where those belong to somebody else."""
    return Path(sys.prefix, "share", "nightshelf") if os.access(sys.prefix, os.W_OK) else home / "cache"


def _setting(variable: str, default: Any, description: str, **limits: Any) -> Any:
    """Return a field that a variable sets; a function makes its default of the fields before it."""
    given = {"default_factory" if callable(default) else "default": default}
    return Field(validation_alias=variable, description=description, **given, **limits)


def _in_home(path: str) -> Callable[[dict[str, Any]], str]:
    return lambda known: (known["home"] / path).as_uri()


class Variables(BaseModel):
    """Settings that one variable each sets, its `validation_alias`; in code they go by their field's name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class S3Settings(Variables):
    """How S3 is reached, by the standard variables, which other programs read, too.

    Without keys each library looks where AWS's own programs look, such as the machine's role.
    """

    endpoint: str = _setting(
        "AWS_ENDPOINT_URL", "", "Server when it is not AWS: http://host:port.", pattern=r"^(https?://.+)?$"
    )
    region: str = _setting("AWS_REGION", "us-east-1", "Region of the buckets; AWS_DEFAULT_REGION is read, too.")
    access_key: SecretStr = _setting("AWS_ACCESS_KEY_ID", UNSET, "Access key (default: the machine's role).")
    secret_key: SecretStr = _setting("AWS_SECRET_ACCESS_KEY", UNSET, "Secret key of the access key.")
    session_token: SecretStr = _setting("AWS_SESSION_TOKEN", UNSET, "Session token of temporary keys.")

    def environment(self) -> dict[str, str]:
        """Return the variables by which programs without our settings find the same server."""
        values = {name: getattr(self, field) for field, name in S3_VARIABLES.items()}
        plain = {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in values.items()}
        return {name: value for name, value in plain.items() if value}

    def address(self) -> dict[str, str]:
        """Return those of the variables that say where the server is, and hold no key."""
        known = self.environment()
        return {name: known[name] for name in ("AWS_ENDPOINT_URL", "AWS_REGION") if name in known}


class Settings(Variables):
    """The settings of one installation."""

    home: Path = _setting(
        "NIGHTSHELF_HOME", ..., "Folder of the development stack and of defaults below (default: `.nightshelf`)."
    )
    cache: Path = _setting(
        "NIGHTSHELF_CACHE",
        lambda known: installation_cache(known["home"]),
        "Folder of what is made once for an installation: Spark's jars and classes, the compiled kernel "
        "(default: `share/nightshelf` of the Python environment, or `cache` in the home).",
    )
    dataset: str = _setting(
        "NIGHTSHELF_DATASET", "demo_shop", "Name of a mapping in `include/config/datasets`, or the path of one."
    )
    policy_file: Path | None = _setting("NIGHTSHELF_POLICY", None, "YAML that overrides `include/config/policy.yaml`.")
    drift_policy_file: Path | None = _setting(
        "NIGHTSHELF_DRIFT_POLICY", None, "YAML that overrides `include/config/drift.yaml`."
    )
    lake_uri: str = _setting("LAKE_URI", _in_home("lake"), "file:// or s3:// URI of the lake (default: in the home).")
    landing_uri: str = _setting(
        "LANDING_URI", _in_home("landing"), "file:// or s3:// URI of the landing zone (default: in the home)."
    )
    database_url: SecretStr = _setting("NIGHTSHELF_DATABASE_URL", UNSET, "PostgreSQL URL of the writer.")
    analyst_url: SecretStr = _setting("NIGHTSHELF_ANALYST_URL", UNSET, "PostgreSQL URL of an analyst.")
    airflow_database_url: SecretStr = _setting(
        "NIGHTSHELF_AIRFLOW_DATABASE_URL", UNSET, "PostgreSQL URL of Airflow's metadata, for the metrics exporter."
    )
    slack_webhook: SecretStr = _setting(
        "NIGHTSHELF_SLACK_WEBHOOK", UNSET, "Incoming webhook of Slack, for final failures."
    )
    smtp_url: SecretStr = _setting(
        "NIGHTSHELF_SMTP_URL", UNSET, "Server for e-mail: smtp:// or smtps://[user:password@]host[:port]."
    )
    mail_from: str = _setting("NIGHTSHELF_MAIL_FROM", "", "Sender of e-mail.")
    mail_to: str = _setting("NIGHTSHELF_MAIL_TO", "", "Recipients of e-mail, separated by commas.")
    report_to: str = _setting(
        "NIGHTSHELF_REPORT_TO", "", "Recipients of the nightly report, separated by commas (default: it is not mailed)."
    )
    fresh_by: dt.time = _setting(
        "NIGHTSHELF_FRESH_BY",
        dt.time(6),
        "Time, in the shop's time zone, by which the night, which starts at 02:00, must be live.",
        gt=dt.time(2),
    )
    runbook_url: str = _setting(
        "NIGHTSHELF_RUNBOOK_URL",
        "",
        "Where people read this project, such as https://forge.example.org/shop/nightshelf/blob/main/; alerts then "
        "link their page of `docs/runbook` there.",
        pattern=r"^(https?://\S+/)?$",
    )
    api_key: SecretStr = _setting(
        "NIGHTSHELF_API_KEY", UNSET, "What callers of the read API send as `X-API-Key`; unset: nothing is asked for."
    )
    tracking_uri: str = _setting(
        "MLFLOW_TRACKING_URI",
        lambda known: f"sqlite:///{known['home']}/mlflow/mlflow.db",
        "MLflow's tracking and registry store (default: SQLite in the home).",
    )
    mlflow_url: str = _setting(
        "NIGHTSHELF_MLFLOW_URL",
        lambda known: known["tracking_uri"] if known["tracking_uri"].startswith("http") else "",
        "Address of MLflow's UI as browsers reach it, for links (default: the tracking server's).",
        pattern=r"^(https?://.+)?$",
    )
    tracking_password: SecretStr = _setting(
        "MLFLOW_TRACKING_PASSWORD", UNSET, "Password of a tracking server that asks for one."
    )
    artifact_uri: str = _setting(
        "NIGHTSHELF_ARTIFACT_URI",
        _in_home("mlflow/artifacts"),
        "Where MLflow keeps artifacts when its store is a database (default: in the home).",
    )
    spark_master: str = _setting("SPARK_MASTER", "local[*]", "Spark's master: local[N], spark://host:port, ...")
    spark_memory: str = _setting("SPARK_DRIVER_MEMORY", "2g", "Memory of Spark's driver.")
    spark_java_options: str = _setting(
        "SPARK_JAVA_OPTIONS",
        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "Options of Spark's JVMs; the default suits jobs of seconds, -XX:+UseParallelGC those of many minutes.",
    )
    landing_timeout_hours: float = _setting(
        "NIGHTSHELF_LANDING_TIMEOUT_HOURS", 4.0, "Hours that a night waits for its landing.", gt=0
    )
    retries: int = _setting(
        "NIGHTSHELF_RETRIES", 2, "Times that Airflow tries a failed task again, where that can help.", ge=0
    )
    first_night: dt.date | None = _setting(
        "NIGHTSHELF_FIRST_NIGHT", None, "When set, every missed night since is run, in order."
    )
    last_night: dt.date | None = _setting("NIGHTSHELF_LAST_NIGHT", None, "When set, no night after it is scheduled.")

    @field_validator("fresh_by")
    @classmethod
    def _has_no_offset(cls, hour: dt.time) -> dt.time:
        if hour.tzinfo is not None:
            raise ValueError("give it in the shop's time zone, without an offset")
        return hour

    @property
    def kernel_folder(self) -> Path:
        """Return where the compiled ranking kernel is kept."""
        return self.cache / "kernel"

    @property
    def jar_folder(self) -> Path:
        """Return where `make jars` keeps what Spark needs for S3."""
        return self.cache / "jars"


VARIABLES, S3_VARIABLES = (
    {field: str(described.validation_alias) for field, described in model.model_fields.items()}
    for model in (Settings, S3Settings)
)
SECRETS = frozenset(
    str(described.validation_alias)
    for model in (Settings, S3Settings)
    for described in model.model_fields.values()
    if described.annotation is SecretStr
)
Loaded = TypeVar("Loaded", bound=Variables)


def read_stack_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of a stack file; a file that is not there has none."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    split = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in split}


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment, then from the stack file, then from defaults.

    Raises
    ------
    ConfigurationError
        When a value is not what its setting takes, or the file of a secret cannot be read; the variable is named.
    """
    return _load(Settings, environment)


def load_s3_settings(environment: Mapping[str, str] | None = None) -> S3Settings:
    """Read how S3 is reached, from the same places as `load_settings`.

    Raises
    ------
    ConfigurationError
        When the endpoint is no address, one of the two keys is there without the other, or the file of one
        cannot be read.
    """
    access = _load(S3Settings, environment)
    if bool(access.access_key) != bool(access.secret_key):
        raise ConfigurationError(
            "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set without the other",
            remedy="set both, or neither where the machine has a role",
        )
    return access


def _load(model: type[Loaded], environment: Mapping[str, str] | None) -> Loaded:
    environment = os.environ if environment is None else environment
    home = Path(environment.get("NIGHTSHELF_HOME") or PROJECT / ".nightshelf").absolute()
    places = (read_stack_file(home / STACK_FILE), environment, {"NIGHTSHELF_HOME": str(home)})
    known = {name: value for place in places for name, value in _with_secret_files(place).items()}
    if "AWS_DEFAULT_REGION" in known:
        known.setdefault("AWS_REGION", known["AWS_DEFAULT_REGION"])
    names = [str(described.validation_alias) for described in model.model_fields.values()]
    try:
        return model.model_validate({name: known[name] for name in names if name in known})
    except PydanticError as error:
        first = error.errors()[0]
        name = first["loc"][0]
        raise ConfigurationError(
            f"{name}={first['input']} is not valid: {first['msg']}",
            remedy=f"correct {name} in the environment or in {home / STACK_FILE}",
        ) from error


def hand_on(variables: Mapping[str, str]) -> None:
    """Set variables of this process, for libraries and children that read no settings of ours.

    The file that a secret came from is forgotten: a secret is not set both ways.
    """
    os.environ.update(variables)
    for name in variables:
        os.environ.pop(f"{name}_FILE", None)


def _with_secret_files(place: Mapping[str, str]) -> dict[str, str]:
    """Return what is set in one place, each secret that a file holds under the secret's own name."""
    known = {name: value for name, value in place.items() if value}
    files = {name: known[f"{name}_FILE"] for name in sorted(SECRETS) if f"{name}_FILE" in known}
    for name in files:
        if name in known:
            raise ConfigurationError(f"{name} and {name}_FILE are both set", remedy="set one of them")
    return {**known, **{name: _read_secret(name, Path(path)) for name, path in files.items()}}


def _read_secret(name: str, path: Path) -> str:
    """Return a file's text without the line break that editors leave at its end."""
    remedy = f"correct {name}_FILE, or what is mounted there"
    try:
        secret = path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"{name}_FILE={path} cannot be read: {reason}", remedy=remedy) from error
    if not secret:
        raise ConfigurationError(f"{name}_FILE={path} is empty", remedy=remedy)
    return secret
