"""The checks of a day, run by Great Expectations."""
