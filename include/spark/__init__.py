"""Spark: the session, what it needs for S3, and the Parquet that it writes into the lake."""
