"""The development stack: PostgreSQL, S3 and Airflow as processes of one machine, and the command line."""
