from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from include.errors import ConfigurationError, MissingArtifactError
from include.lake import Lake, open_lake
from include.spark.files import check_committer
from tests.s3_servers import BUCKET

pytestmark = pytest.mark.usefixtures("s3")


@pytest.fixture
def lake() -> Lake:
    return open_lake(f"s3://{BUCKET}/{uuid.uuid4().hex}")


def test_the_magic_committer_is_recognised(lake: Lake) -> None:
    lake.write_bytes(
        "t/_SUCCESS", b'{"name": "org.apache.hadoop.fs.s3a.commit.files.SuccessData/1", "committer": "magic"}'
    )
    check_committer(lake, "t")


@pytest.mark.parametrize(
    ("content", "found"), [(b"", "renames"), (b'{"committer": "directory"}', "directory"), (b"[1]", "renames")]
)
def test_any_other_committer_is_refused(lake: Lake, content: bytes, found: str) -> None:
    lake.write_bytes("t/_SUCCESS", content)
    with pytest.raises(ConfigurationError, match=f"{found}, not with the magic"):
        check_committer(lake, "t")


def test_what_spark_never_finished_is_missing(lake: Lake) -> None:
    with pytest.raises(MissingArtifactError, match="_SUCCESS"):
        check_committer(lake, "t")


def test_on_local_files_any_committer_is_good(tmp_path: Path) -> None:
    check_committer(open_lake(tmp_path.as_uri()), "t")
