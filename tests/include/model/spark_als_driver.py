"""Fits Spark's ALS where the environment says, and saves what it found: python -m <this> <folder>."""

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from include.night.fitting import fit_model
from include.settings import load_settings
from tests.include.model.worlds import make_policy, make_world

POLICY = make_policy(trainer="spark_als", dimensions=8, epochs=6, blocks=2)

if __name__ == "__main__":
    masters = []
    get = SparkSession.Builder.getOrCreate

    def remember(builder: SparkSession.Builder) -> SparkSession:
        session = get(builder)
        masters.append(session.sparkContext.master)
        return session

    SparkSession.Builder.getOrCreate = remember  # type: ignore[method-assign]
    fitted = fit_model(load_settings(), make_world(), POLICY)
    for period, model in fitted.items():
        model.save(Path(sys.argv[1], period))
    sys.stdout.write(json.dumps(masters[-1]))
