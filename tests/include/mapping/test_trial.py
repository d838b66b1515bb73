import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.mapping import sample, trial
from include.mapping.sample import read_samples
from include.mapping.trial import copy_sample


def test_small_files_are_copied_whole_and_large_ones_at_both_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "HEAD_BYTES", 1000)
    monkeypatch.setattr(sample, "TAIL_BYTES", 100)
    monkeypatch.setattr(trial, "HEAD_BYTES", 1000)
    source = tmp_path / "source"
    source.mkdir()
    text = "id,name\n" + "".join(f"{number},n{number}\n" for number in range(1000))
    (source / "small.csv").write_text("id,name\n1,a\n")
    (source / "large.csv").write_text(text)
    (source / "packed.csv.gz").write_bytes(gzip.compress(text.encode(), 0))
    pq.write_table(pa.table({"id": range(30_000)}), source / "typed.parquet")
    copied = copy_sample(source, tmp_path / "copy")
    assert (copied / "small.csv").read_text() == "id,name\n1,a\n"
    lines = (copied / "large.csv").read_text().splitlines()
    assert lines[:2] == ["id,name", "0,n0"] and lines[-1] == "999,n999" and len(lines) < 200
    assert all(len(line.split(",")) == 2 for line in lines)
    lines = gzip.decompress((copied / "packed.csv.gz").read_bytes()).decode().splitlines()
    assert lines[1] == "0,n0" and 50 < len(lines) < 200
    assert pq.read_metadata(copied / "typed.parquet").num_rows == trial.RECORDS
    assert {path.name for one in read_samples(copied)[0] for path in one.paths} == {
        path.name for path in source.iterdir()
    }
