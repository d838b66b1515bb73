"""Where things are: the one reader of the environment.

A variable that is not set in the environment is looked up in `$NIGHTSHELF_HOME/stack.env`,
which the embedded stack writes; so a job that a person repeats in a shell finds the same
database and the same lake as the scheduler's run did.

A secret may stand in a file instead, which `<NAME>_FILE` names, as with the official container images.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic import ValidationError as PydanticError

from include.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parent.parent
STACK_FILE = "stack.env"

VARIABLES = {
    "home": "NIGHTSHELF_HOME",
    "cache": "NIGHTSHELF_CACHE",
    "dataset": "NIGHTSHELF_DATASET",
    "policy_file": "NIGHTSHELF_POLICY",
    "drift_policy_file": "NIGHTSHELF_DRIFT_POLICY",
    "lake_uri": "LAKE_URI",
    "landing_uri": "LANDING_URI",
    "database_url": "NIGHTSHELF_DATABASE_URL",
    "analyst_url": "NIGHTSHELF_ANALYST_URL",
    "airflow_database_url": "NIGHTSHELF_AIRFLOW_DATABASE_URL",
    "slack_webhook": "NIGHTSHELF_SLACK_WEBHOOK",
    "smtp_url": "NIGHTSHELF_SMTP_URL",
    "mail_from": "NIGHTSHELF_MAIL_FROM",
    "mail_to": "NIGHTSHELF_MAIL_TO",
    "fresh_by": "NIGHTSHELF_FRESH_BY",
    "tracking_uri": "MLFLOW_TRACKING_URI",
    "tracking_password": "MLFLOW_TRACKING_PASSWORD",
    "artifact_uri": "NIGHTSHELF_ARTIFACT_URI",
    "spark_master": "SPARK_MASTER",
    "spark_memory": "SPARK_DRIVER_MEMORY",
    "spark_java_options": "SPARK_JAVA_OPTIONS",
    "landing_timeout_hours": "NIGHTSHELF_LANDING_TIMEOUT_HOURS",
    "first_night": "NIGHTSHELF_FIRST_NIGHT",
    "last_night": "NIGHTSHELF_LAST_NIGHT",
}


# The standard names, which other programs read too.
S3_VARIABLES = {
    "endpoint": "AWS_ENDPOINT_URL",
    "region": "AWS_REGION",
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}


class S3Settings(BaseModel):
    """How S3 is reached; each field's variable stands in `S3_VARIABLES`.

    Without keys each library looks where AWS's own programs look, such as the machine's role.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str = Field("", description="Where the server is not AWS: http://host:port.", pattern=r"^(https?://.+)?$")
    region: str = "us-east-1"
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    session_token: SecretStr = SecretStr("")

    def environment(self) -> dict[str, str]:
        """Return the variables by which programs that know nothing of our settings find the same server."""
        values = {name: getattr(self, field) for field, name in S3_VARIABLES.items()}
        plain = {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in values.items()}
        return {name: value for name, value in plain.items() if value}

    def address(self) -> dict[str, str]:
        """Return those of the variables that say where the server is, and hold no key."""
        known = self.environment()
        return {name: known[name] for name in ("AWS_ENDPOINT_URL", "AWS_REGION") if name in known}


class Settings(BaseModel):
    """The settings of one installation; each field's variable stands in `VARIABLES`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(description="Folder of the embedded stack and of every default below.")
    cache: Path = Field(description="Folder of what is made once for an installation, see `jobs.prepare_spark`.")
    dataset: str = Field("demo_shop", description="A mapping in include/config/datasets, or the path of one.")
    policy_file: Path | None = Field(None, description="YAML that overrides include/config/policy.yaml.")
    drift_policy_file: Path | None = Field(None, description="YAML that overrides include/config/drift.yaml.")
    lake_uri: str = Field("", description="file:// or s3:// URI of the lake.")
    landing_uri: str = Field("", description="file:// or s3:// URI of the landing zone.")
    database_url: SecretStr = Field(SecretStr(""), description="PostgreSQL URL of the writer.")
    analyst_url: SecretStr = Field(SecretStr(""), description="PostgreSQL URL of an analyst.")
    airflow_database_url: SecretStr = Field(
        SecretStr(""), description="PostgreSQL URL of Airflow's metadata, for the metrics' reader."
    )
    slack_webhook: SecretStr = Field(SecretStr(""), description="Who is told of final failures: an incoming webhook.")
    smtp_url: SecretStr = Field(SecretStr(""), description="smtp:// or smtps://[user:password@]host[:port] for e-mail.")
    mail_from: str = Field("", description="Sender of e-mail.")
    mail_to: str = Field("", description="Receivers of e-mail, separated by commas.")
    fresh_by: dt.time = Field(
        dt.time(6), gt=dt.time(2), description="Hour (UTC) by which the night, begun at 02:00, must be live."
    )
    tracking_uri: str = Field("", description="MLflow's tracking and registry store.")
    tracking_password: SecretStr = Field(SecretStr(""), description="For a tracking server that asks for one.")
    artifact_uri: str = Field("", description="Where MLflow keeps artifacts when the store is a database.")
    spark_master: str = "local[*]"
    spark_memory: str = "2g"
    spark_java_options: str = Field(
        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        description="Of Spark's JVM; the default suits jobs of seconds, -XX:+UseParallelGC those of many minutes.",
    )
    landing_timeout_hours: float = Field(4.0, gt=0, description="How long a night waits for its landing.")
    first_night: dt.date | None = Field(None, description="When set, every missed night since is run, in order.")
    last_night: dt.date | None = Field(None, description="When set, no night after it is scheduled.")

    @field_validator("fresh_by")
    @classmethod
    def _is_utc(cls, hour: dt.time) -> dt.time:
        if hour.tzinfo is not None:
            raise ValueError("give it in UTC, without an offset")
        return hour

    @property
    def kernel_folder(self) -> Path:
        """Return where the compiled ranking kernel is kept."""
        return self.cache / "kernel"

    @property
    def jar_folder(self) -> Path:
        """Return where `make jars` keeps what Spark needs for S3."""
        return self.cache / "jars"


SECRETS = frozenset(
    variables[field]
    for model, variables in ((Settings, VARIABLES), (S3Settings, S3_VARIABLES))
    for field, described in model.model_fields.items()
    if described.annotation is SecretStr
)


def read_stack_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of a stack file; a file that is not there has none."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    split = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in split}


def installation_cache(home: Path) -> Path:
    """Return a folder beside the installed packages, or in `home` where those belong to somebody else."""
    return Path(sys.prefix, "share", "nightshelf") if os.access(sys.prefix, os.W_OK) else home / "cache"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment, then from the stack file, then from defaults.

    Raises
    ------
    ConfigurationError
        When a value is not what its setting takes, or the file of a secret cannot be read; the variable is named.
    """
    home, known = _known(environment)
    values: dict[str, object] = {field: known[name] for field, name in VARIABLES.items() if name in known}
    values["home"] = home
    values.setdefault("cache", installation_cache(home))
    values.setdefault("lake_uri", (home / "lake").as_uri())
    values.setdefault("landing_uri", (home / "landing").as_uri())
    values.setdefault("tracking_uri", f"sqlite:///{home}/mlflow/mlflow.db")
    values.setdefault("artifact_uri", (home / "mlflow" / "artifacts").as_uri())
    try:
        return Settings.model_validate(values)
    except PydanticError as error:
        raise _named(error, VARIABLES, values, home) from error


def load_s3_settings(environment: Mapping[str, str] | None = None) -> S3Settings:
    """Read how S3 is reached, from the same places as `load_settings`.

    Raises
    ------
    ConfigurationError
        When the endpoint is no address, one of the two keys is there without the other, or the file of one
        cannot be read.
    """
    home, known = _known(environment)
    values: dict[str, object] = {field: known[name] for field, name in S3_VARIABLES.items() if name in known}
    if "region" not in values and "AWS_DEFAULT_REGION" in known:
        values["region"] = known["AWS_DEFAULT_REGION"]
    if ("access_key" in values) != ("secret_key" in values):
        raise ConfigurationError(
            "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set without the other",
            remedy="set both, or neither where the machine has a role",
        )
    try:
        return S3Settings.model_validate(values)
    except PydanticError as error:
        raise _named(error, S3_VARIABLES, values, home) from error


def hand_on(variables: Mapping[str, str]) -> None:
    """Set variables of this process, for libraries and children that read no settings of ours.

    The file that a secret came from is forgotten: a secret is not set both ways.
    """
    os.environ.update(variables)
    for name in variables:
        os.environ.pop(f"{name}_FILE", None)


def _known(environment: Mapping[str, str] | None) -> tuple[Path, dict[str, str]]:
    """Return the home and what is set, in the environment or in the home's stack file."""
    environment = os.environ if environment is None else environment
    home = Path(environment.get("NIGHTSHELF_HOME") or PROJECT / ".nightshelf").absolute()
    places = (read_stack_file(home / STACK_FILE), environment)
    return home, {name: value for place in places for name, value in _with_secret_files(place).items()}


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


def _named(
    error: PydanticError, variables: Mapping[str, str], values: Mapping[str, object], home: Path
) -> ConfigurationError:
    first = error.errors()[0]
    field = str(first["loc"][0])
    return ConfigurationError(
        f"{variables[field]}={values.get(field)!s} is not valid: {first['msg']}",
        remedy=f"correct {variables[field]} in the environment or in {home / STACK_FILE}",
    )
