"""One entry point a step of the night: `python -m jobs.<step> --help`."""
