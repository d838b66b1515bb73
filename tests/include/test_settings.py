"""The settings: the environment first, then the stack file, then defaults below the home."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.settings import (
    S3_VARIABLES,
    SECRETS,
    STACK_FILE,
    VARIABLES,
    S3Settings,
    Settings,
    hand_on,
    load_s3_settings,
    load_settings,
)


def test_every_setting_has_its_variable() -> None:
    assert set(VARIABLES) == set(Settings.model_fields)


@pytest.mark.parametrize("model", [Settings, S3Settings])
def test_every_setting_is_described(model: type[Settings | S3Settings]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_the_environment_wins_over_the_stack_file(tmp_path: Path) -> None:
    (tmp_path / STACK_FILE).write_text("# passwords\nNIGHTSHELF_DATASET=own.yaml\nSPARK_MASTER=local[1]\n")
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path), "SPARK_MASTER": "local[2]"})
    assert (settings.dataset, settings.spark_master) == ("own.yaml", "local[2]")


def test_what_nobody_sets_lies_below_the_home(tmp_path: Path) -> None:
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path)})
    assert settings.lake_uri == (tmp_path / "lake").as_uri()
    assert settings.landing_uri == (tmp_path / "landing").as_uri()


def test_a_wrong_value_names_its_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_LAST_NIGHT=soon"):
        load_settings({"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_LAST_NIGHT": "soon"})


@pytest.mark.parametrize("hour", ["02:00", "6", "25:00", "06:00+02:00", "06:00Z"])
def test_the_hour_is_one_of_utc_after_the_night_begins(tmp_path: Path, hour: str) -> None:
    home = {"NIGHTSHELF_HOME": str(tmp_path)}
    assert load_settings({**home, "NIGHTSHELF_FRESH_BY": "05:30"}).fresh_by == dt.time(5, 30)
    assert load_settings(home).fresh_by == dt.time(6)
    with pytest.raises(ConfigurationError, match=f"NIGHTSHELF_FRESH_BY={hour[:5]}"):
        load_settings({**home, "NIGHTSHELF_FRESH_BY": hour})


def test_passwords_do_not_show(tmp_path: Path) -> None:
    url = "postgresql://writer:" + "hidden@127.0.0.1/nightshelf"
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_DATABASE_URL": url})
    assert "hidden" not in repr(settings)
    assert settings.database_url.get_secret_value() == url


def test_s3_is_found_by_the_standard_names_or_the_stack_file(tmp_path: Path) -> None:
    assert set(S3_VARIABLES) == set(S3Settings.model_fields)
    (tmp_path / STACK_FILE).write_text("AWS_ENDPOINT_URL=http://127.0.0.1:7070\nAWS_ACCESS_KEY_ID=k\n")
    access = load_s3_settings({"NIGHTSHELF_HOME": str(tmp_path), "AWS_SECRET_ACCESS_KEY": "hidden"})
    assert (access.endpoint, access.access_key.get_secret_value()) == ("http://127.0.0.1:7070", "k")
    assert "hidden" not in repr(access)
    home = {"NIGHTSHELF_HOME": str(tmp_path / "other")}
    assert load_s3_settings(home) == S3Settings()
    assert load_s3_settings({**home, "AWS_DEFAULT_REGION": "eu-west-1"}).region == "eu-west-1"


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_of_the_keys_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="without the other"):
        load_s3_settings({"NIGHTSHELF_HOME": str(tmp_path), name: "x"})


def test_an_endpoint_without_a_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"AWS_ENDPOINT_URL=127\.0\.0\.1:7070"):
        load_s3_settings({"NIGHTSHELF_HOME": str(tmp_path), "AWS_ENDPOINT_URL": "127.0.0.1:7070"})


def secret(environment: dict[str, str], name: str) -> str:
    """Return the secret setting that is read from the variable `name`."""
    if name in S3_VARIABLES.values():
        others = {key: "other" for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if key != name}
        found, fields = load_s3_settings(others | environment), S3_VARIABLES
    else:
        found, fields = load_settings(environment), VARIABLES
    field = next(field for field, variable in fields.items() if variable == name)
    return str(getattr(found, field).get_secret_value())


def test_what_is_secret() -> None:
    assert {
        "NIGHTSHELF_DATABASE_URL", "NIGHTSHELF_ANALYST_URL", "NIGHTSHELF_AIRFLOW_DATABASE_URL",
        "NIGHTSHELF_SLACK_WEBHOOK", "NIGHTSHELF_SMTP_URL", "NIGHTSHELF_API_KEY", "MLFLOW_TRACKING_PASSWORD",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    } == SECRETS  # fmt: skip


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_every_secret_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text(" from/a=file \n")
    file = {f"{name}_FILE": str(tmp_path / "secret")}
    assert secret({"NIGHTSHELF_HOME": str(tmp_path), **file}, name) == " from/a=file "
    (tmp_path / STACK_FILE).write_text(f"{name}=of the stack\n")
    assert secret({"NIGHTSHELF_HOME": str(tmp_path), **file}, name) == " from/a=file ", "the environment wins"
    (tmp_path / STACK_FILE).write_text(f"{name}_FILE={tmp_path / 'secret'}\n")
    assert secret({"NIGHTSHELF_HOME": str(tmp_path), name: "of the shell"}, name) == "of the shell"
    assert secret({"NIGHTSHELF_HOME": str(tmp_path)}, name) == " from/a=file "


def test_a_secret_and_its_file_are_not_both_set(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    both = {"NIGHTSHELF_SMTP_URL": "smtp://localhost", "NIGHTSHELF_SMTP_URL_FILE": str(tmp_path / "secret")}
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_SMTP_URL and NIGHTSHELF_SMTP_URL_FILE are both set"):
        load_settings({"NIGHTSHELF_HOME": str(tmp_path), **both})
    without = {**both, "NIGHTSHELF_SMTP_URL": ""}
    assert load_settings({"NIGHTSHELF_HOME": str(tmp_path), **without}).smtp_url.get_secret_value() == "x"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file"), (b"\n", "is empty"), (b"\xff\xfe", "cannot be read: it is no text")],
)
def test_a_secret_file_that_gives_nothing_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"AWS_ACCESS_KEY_ID_FILE={path} {reason}") as caught:
        load_s3_settings({"NIGHTSHELF_HOME": str(tmp_path), "AWS_ACCESS_KEY_ID_FILE": str(path)})
    assert "correct AWS_ACCESS_KEY_ID_FILE" in str(caught.value)


def test_a_secret_that_is_handed_on_is_no_longer_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "")
        (tmp_path / name).write_text(f"value of {name}")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    before = load_s3_settings()
    hand_on(before.environment())
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "value of AWS_SECRET_ACCESS_KEY"
    assert load_s3_settings() == before
