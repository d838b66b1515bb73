# Nightshelf's commands. `make help` lists them; docs/runbook.md says when to use which.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CLI := .venv/bin/nightshelf
PYTEST := .venv/bin/python -m pytest
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

# What a person sets on the command line reaches the recipes by the environment, SQL with its dollar signs.
export DATASET SOURCE LAKE NIGHTS SEED NIGHTSHELF_HOME OUT SCALE PARTS FAULTS
override export SQL := $(value SQL)

.PHONY: help setup dev jars s3 lock nightly map up down status psql mlflow drift-simulation game-day env clean docs \
	lint test test-fast test-long test-machines test-containers bench bench-quality licences

help: ## this list
	@echo "Nightshelf: nightly recommendations, from the day's events to everyone's shelf."
	@echo
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24
	@echo
	@echo "  NIGHTSHELF_HOME=<folder> puts everything that runs and is stored there (.nightshelf by default)."

setup: ## the environment only: .venv from the lock, Java and a compiler by apt where that is allowed
	@scripts/setup.sh

.venv/.lock:
	@scripts/setup.sh

dev: ## the environment with the tools of lint and test, and an S3 server for the tests
	@scripts/setup.sh --dev
	@scripts/apart.sh s3

jars: setup ## fetch what Spark needs for a lake on S3 (690 MB), once for an installation
	@scripts/jars.sh

s3: jars ## fetch what LAKE=s3 needs: those jars and an S3 server for this machine
	@scripts/apart.sh s3

lock: setup ## compile pyproject.toml into requirements.txt and requirements/; UPGRADE=1 looks for newer versions
	@scripts/lock.sh

nightly: $(if $(filter s3,$(LAKE)),s3)
nightly: setup ## real nights on the demo shop; NIGHTS=2, LAKE=s3, DATASET=online_retail SOURCE=<file>
	@$(CLI) nightly $${LAKE:+--lake "$$LAKE"} $${DATASET:+--dataset "$$DATASET"} $${SOURCE:+--source "$$SOURCE"} \
	  $${NIGHTS:+--nights "$$NIGHTS"}

map: setup ## a first mapping for your own files: SOURCE=<file or folder>, OUT=<mapping>
	@$(CLI) map $${OUT:+--out "$$OUT"} "$${SOURCE:?name your file or folder, as make map SOURCE=/data/shop}"

up: setup ## start PostgreSQL and Airflow
	@$(CLI) up

down: .venv/.lock ## stop everything that runs in the home
	@$(CLI) down

status: .venv/.lock ## what runs, where, and how far the nights are
	@$(CLI) status

psql: .venv/.lock ## an SQL prompt as an analyst; SQL='select ...' prints that query's CSV and nothing else
	@$(CLI) psql $${SQL:+--sql "$$SQL"}

mlflow: .venv/.lock ## MLflow's pages, until Ctrl-C
	@$(CLI) mlflow

drift-simulation: setup ## the drift watch on generated shops; SEED=1 NIGHTS=800 (stable ones) OUT=figures.json
	@.venv/bin/python -m studies.simulation $${SEED:+--seed "$$SEED"} $${NIGHTS:+--nights "$$NIGHTS"} \
	  $${OUT:+--out "$$OUT"} >/dev/null

game-day: setup ## break a stack of its own in twelve ways while readers read; OUT=file.json FAULTS=name,..
	@.venv/bin/python -m devstack.game_day $${FAULTS:+--faults "$$FAULTS"} $${OUT:+--out "$$OUT"} --docs docs

env: ## write .env with fresh secrets, for docker compose; add to one that is there what it lacks
	@scripts/env.sh

clean: .venv/.lock ## stop everything and delete the home
	@$(CLI) clean

lint: dev ## ruff, mypy, the import directions, and the words and width of what people read
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python scripts/check_prose.py

docs: setup ## write the lists of docs/ that follow from the code: settings, packages
	@.venv/bin/python scripts/generate_docs.py

bench: $(if $(filter s3,$(or $(PARTS),s3)),s3)
bench: dev ## measure into docs/benchmarks.md; OUT=file.json, PARTS='kernel publish', SCALE=quick
	@scripts/apart.sh bench || echo "bench: the peers cannot be installed; their rows will say so" >&2
	@.venv/bin/python -m tests.benchmarks --scale "$${SCALE:-full}" $${PARTS:+--parts $$PARTS} $${OUT:+--out "$$OUT"} \
	  --docs docs

bench-quality: dev ## how good the lists are, beside peers'; DATASET=online_retail SOURCE=<file>, OUT=file.json
	@scripts/apart.sh bench || echo "bench-quality: the peers cannot be installed: they are left out" >&2
	@.venv/bin/python -m tests.benchmarks.quality $${DATASET:+--dataset "$$DATASET"} $${SOURCE:+--source "$$SOURCE"} \
	  $${OUT:+--out "$$OUT"} --docs docs

test-fast: dev ## the tests that start no Spark, PostgreSQL or Airflow, in parallel
	@$(PYTEST) $(PARALLEL) -m "not (night or spark or airflow or postgres or machines or containers)"

test: lint ## everything, nights with the real scheduler included; test-long has more
	@scripts/jars.sh || echo "test: without Spark's jars for S3 the tests that need them are skipped" >&2
	@$(PYTEST) $(PARALLEL)

test-long: dev ## what is left out for its length: more nights, more ways of clearing, kills and faults on S3; an hour
	@scripts/jars.sh
	@$(PYTEST) $(PARALLEL) -m "(night or long) and not (machines or containers)"

test-machines: dev ## make nightly on fresh Debian 12 and 13, in folders of debootstrap; needs root and an hour
	@$(PYTEST) -m machines --durations=0 -s tests/machines

test-containers: dev ## the stack in the Docker engine that answers, through a night with faults; DOCKER=docker
	@$(PYTEST) -m containers --log-cli-level=INFO tests/containers

licences: setup ## the licence of each installed package
	@.venv/bin/python scripts/licences.py
