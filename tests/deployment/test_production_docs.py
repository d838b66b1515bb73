"""What docs/production.md says of settings and files is so."""

from __future__ import annotations

import re

import yaml

import tests.airflow_home  # noqa: F401 - before Airflow's own configuration
from include.settings import PROJECT, SECRETS, VARIABLES
from tests.deployment.stack import COMPOSE, SERVICES

TEXT = (PROJECT / "docs" / "production.md").read_text()
FROM_FILES = TEXT[TEXT.index("### Secrets in files") : TEXT.index("### Vault")]
OVERRIDE, CHART = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", FROM_FILES, re.DOTALL))


def test_every_secret_that_may_stand_in_a_file_is_listed_and_no_other() -> None:
    assert set(re.findall(r"`([A-Z][A-Z_]+)`", FROM_FILES[: FROM_FILES.index("```yaml")])) == SECRETS
    assert set(re.findall(r"\b([A-Z_]+)_FILE\b", FROM_FILES)) <= SECRETS


def test_the_example_for_compose_fits_the_stack() -> None:
    for name, service in OVERRIDE["services"].items():
        assert name in SERVICES
        assert set(service["secrets"]) <= set(COMPOSE["secrets"])
        for variable, path in service["environment"].items():
            if variable.endswith("_FILE"):
                assert service["environment"][variable.removesuffix("_FILE")] == ""
                assert path.removeprefix("/run/secrets/") in service["secrets"]


def test_the_example_for_kubernetes_reads_what_it_mounts() -> None:
    (mount,) = CHART["volumeMounts"]
    assert {volume["name"] for volume in CHART["volumes"]} == {mount["name"]}
    assert all(variable["value"].startswith(mount["mountPath"]) for variable in CHART["env"])


def test_what_a_backend_serves_is_sensitive_for_airflow() -> None:
    from airflow.configuration import conf

    named = re.findall(r"`AIRFLOW__([A-Z_]+?)__([A-Z_]+)_SECRET=", TEXT)
    assert len(named) == 3
    assert {(section.lower(), key.lower()) for section, key in named} <= conf.sensitive_config_values


def test_the_settings_that_say_who_is_told_exist() -> None:
    told = TEXT[TEXT.index("## Notifications") : TEXT.index("## Secrets")]
    assert set(re.findall(r"`(NIGHTSHELF_[A-Z_]+)`", told)) <= set(VARIABLES.values())
