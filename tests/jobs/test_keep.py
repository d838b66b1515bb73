from jobs import keep, promote


def test_the_command_line_is_that_of_promote() -> None:
    line = ["--date", "2026-01-31", "--model-version", "3"]
    assert vars(keep.parse_args(line)) == vars(promote.parse_args(line))
    assert keep.__doc__ != promote.__doc__
