import pytest

from include.mapping.zone import find_zone


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        (["2026-03-01 00:12:28 -0500", "2026-03-20 00:12:28 -0400"], "America/New_York"),
        (["2026-03-01T00:12:28+01:00", "2026-06-01T00:12:28+02:00"], "Europe/Berlin"),
        (["2026-03-01T00:12:28+05:30"], "Asia/Kolkata"),
        (["2026-03-01T00:12:28+11:30", "2026-06-01T00:12:28+11:30"], "Etc/GMT-12"),
        (["2026-03-01T00:12:28Z", "2026-06-01T00:12:28+00:00"], None),
        (["2026-03-01", "2026-03-01 10:00:00"], None),
    ],
)
def test_zones(times: list[str], zone: str | None) -> None:
    assert find_zone(times) == zone
