-- Logins, groups and databases: psql runs this as the superuser, in the development stack at each start, in PostgreSQL's
-- container once, when its volume is empty. Safe to run again.
--
-- A login is made when the environment holds its password. What the jobs and the analysts may do hangs on the groups
-- reco_writer and reco_analyst, which the migrations of the schema reco grant to.
\set ON_ERROR_STOP on
\getenv nightshelf NIGHTSHELF_DB_PASSWORD
\getenv analyst ANALYST_DB_PASSWORD
\getenv airflow AIRFLOW_DB_PASSWORD
\getenv mlflow MLFLOW_DB_PASSWORD
\getenv monitor MONITOR_DB_PASSWORD

CREATE TEMPORARY TABLE logins (login name, password text);
INSERT INTO logins VALUES ('nightshelf', :'nightshelf'), ('analyst', :'analyst'), ('airflow', :'airflow');
\if :{?mlflow}
INSERT INTO logins VALUES ('mlflow', :'mlflow');
\endif
\if :{?monitor}
INSERT INTO logins VALUES ('monitor', :'monitor');
\endif

SELECT format('CREATE ROLE %I', role)
FROM (SELECT login FROM logins UNION ALL VALUES ('reco_writer'), ('reco_analyst')) AS wanted (role)
WHERE role NOT IN (SELECT rolname FROM pg_roles) \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', login, password) FROM logins \gexec
SELECT format('CREATE DATABASE %I OWNER %I', login, login)
FROM logins
WHERE login IN ('nightshelf', 'airflow', 'mlflow') AND login NOT IN (SELECT datname FROM pg_database) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname)
FROM pg_database
WHERE datname IN ('nightshelf', 'airflow', 'mlflow') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;

GRANT reco_writer TO nightshelf;
GRANT TEMPORARY ON DATABASE nightshelf TO reco_writer;
GRANT reco_analyst TO analyst;
GRANT CONNECT ON DATABASE nightshelf TO reco_analyst;
ALTER ROLE analyst SET search_path = reco;
ALTER ROLE analyst SET default_transaction_read_only = on;
ALTER ROLE analyst SET statement_timeout = '5min';
\if :{?monitor}
GRANT reco_analyst TO monitor;
GRANT CONNECT ON DATABASE airflow TO monitor;
ALTER ROLE monitor SET default_transaction_read_only = on;
ALTER ROLE monitor SET statement_timeout = '1min';
\endif
