#!/bin/bash
# Runs once, when PostgreSQL's volume is empty: a login for each part that needs one, and a database for each that keeps tables.
# What the jobs and the analysts may do hangs on reco_writer and reco_analyst, which the migrations grant to.
set -euo pipefail
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv nightshelf_password NIGHTSHELF_DB_PASSWORD
\getenv analyst_password ANALYST_DB_PASSWORD
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv mlflow_password MLFLOW_DB_PASSWORD
\getenv monitor_password MONITOR_DB_PASSWORD
CREATE ROLE reco_writer;
CREATE ROLE reco_analyst;
CREATE ROLE nightshelf LOGIN PASSWORD :'nightshelf_password' IN ROLE reco_writer;
CREATE ROLE analyst LOGIN PASSWORD :'analyst_password' IN ROLE reco_analyst;
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE ROLE monitor LOGIN PASSWORD :'monitor_password' IN ROLE reco_analyst;
ALTER ROLE monitor SET default_transaction_read_only = on;
ALTER ROLE analyst SET search_path = reco;
ALTER ROLE analyst SET default_transaction_read_only = on;
CREATE DATABASE nightshelf OWNER nightshelf;
CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE ALL ON DATABASE nightshelf, airflow, mlflow FROM PUBLIC;
REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE nightshelf TO reco_analyst;
GRANT CONNECT ON DATABASE airflow TO monitor;
GRANT TEMPORARY ON DATABASE nightshelf TO reco_writer;
SQL
