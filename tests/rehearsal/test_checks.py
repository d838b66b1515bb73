"""What a rehearsal looks for at its end."""

from __future__ import annotations

from pathlib import Path

from tests.rehearsal.checks import secrets_in

VALUES = {"AIRFLOW_ADMIN": "admin", "AIRFLOW_ADMIN_PASSWORD": "0a1b", "AIRFLOW_FERNET_KEY": "k=", "SLACK_SECRET": ""}


def test_a_secret_in_a_log_is_named_with_the_file_but_not_shown(tmp_path: Path) -> None:
    clean, leaking, binary = (tmp_path / name for name in ("clean", "leaking", "binary"))
    clean.write_text("admin logged in")
    leaking.write_text("postgresql://airflow:0a1b@127.0.0.1/airflow")
    binary.write_bytes(b"\xff\xfe k=")
    assert secrets_in([clean, leaking, binary], VALUES) == [
        f"AIRFLOW_ADMIN_PASSWORD in {leaking}",
        f"AIRFLOW_FERNET_KEY in {binary}",
    ]
