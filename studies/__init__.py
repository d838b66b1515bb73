"""The drift watch on generated shops and on a replayed one, for hundreds of nights in minutes."""
