"""How good the lists are, beside what others would have made: `make bench-quality`, or by hand

    python -m tests.benchmarks.quality [--dataset online_retail --source FILE] [--out FILE] [--docs FOLDER]

Builds the training sets of a few nights, each a holdout after the other up to the data's last day; fits Nightshelf's
model as the policy says, each of its members alone, and peers, each tuned over the grid of `quality_peers` on the days
before the cutoff. Everyone sees the same decayed weights, the same users, and the same filter: in the view "unseen"
what a user had bought is left out, in "all" nothing is. Intervals are 95 % bootstrap intervals over users.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from include.contract import load_policy
from include.features import Period, TrainingSet, load_training_set
from include.lake import open_artifact, open_lake
from include.lake.partitions import list_days
from include.model import Recommender, Terms
from include.night.fitting import fit_model
from include.settings import PROJECT, Settings, load_settings
from tests.benchmarks.quality_lists import VIEWS, Scores, Window, measure
from tests.benchmarks.quality_peers import PEERS
from tests.benchmarks.quality_report import write_quality

logger = logging.getLogger("nightshelf.bench")
OURS = "nightshelf"
RESAMPLES = 1000
NIGHTS = 3


def main(argv: list[str] | None = None) -> int:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo_shop", help="a mapping's name or path")
    parser.add_argument("--source", type=Path, help="the file or folder of your data; none: the demo shop")
    parser.add_argument("--nights", type=int, default=NIGHTS, help=f"so many, {NIGHTS} by default")
    parser.add_argument("--home", type=Path, help="where to work; what is built there is used again")
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    parser.add_argument("--docs", type=Path, help="folder of benchmarks.md")
    asked = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    name = Path(asked.dataset).stem
    home = asked.home or load_settings().home / f"quality-{name}"
    os.environ |= {"NIGHTSHELF_HOME": str(home), "NIGHTSHELF_DATASET": asked.dataset}
    settings = load_settings()
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.kernel_folder))
    users: dict[str, dict[str, Any]] = {}
    details: dict[str, Any] = {}
    for night, training_set in training_sets(settings, asked.source, asked.nights):
        logger.info("night %s", night)
        users[night], details[night] = measure_night(settings, training_set)
    figures = {"dataset": name, **summary(users), "settings": details}
    text = json.dumps(figures, indent=2)
    if asked.out is not None:
        asked.out.write_text(f"{text}\n")
    if asked.docs is not None:
        write_quality(figures, asked.docs)
    sys.stdout.write(f"{text}\n")
    return 0


def training_sets(settings: Settings, source: Path | None, nights: int) -> Iterator[tuple[str, TrainingSet]]:
    """Yield the nights and their training sets, made in the home unless they are there."""
    lake = open_lake(settings.lake_uri)
    if not list_days(lake, "events"):
        land = ["jobs.demo_shop"] if source is None else ["jobs.land", "--source", str(source.absolute())]
        run(*land)
        landed = list_days(open_lake(settings.landing_uri), "events", marker="_SUCCESS")
        run("jobs.ingest", "--from", str(landed[0]), "--to", str(landed[-1]))
    last, holdout = list_days(lake, "events")[-1], load_policy(settings).evaluation.holdout_days
    for number in reversed(range(nights)):
        night = str(last - dt.timedelta(days=number * holdout))
        folder = json.loads(run("jobs.build_training_set", "--date", night))["training_set"]
        yield night, load_training_set(open_artifact(lake, folder))


def run(module: str, *arguments: str) -> str:
    """Run a job and return its result."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout


def measure_night(settings: Settings, training_set: TrainingSet) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return by model and view each user's metrics, and what was chosen."""
    before = window(training_set, "before")
    fitted = fit_model(settings, training_set, load_policy(settings).model, ("before",))["before"]
    found = {OURS: by_view(before, *ours(fitted, training_set))}
    chosen: dict[str, Any] = {OURS: fitted.terms.__dict__ | {"members": dict(fitted.terms.members)}}
    for name, policy in load_policy(settings).model.members.chosen.items():
        alone = fit_model(settings, training_set, policy, ("before",))["before"]
        bare = Recommender(alone.members, Terms({name: 1.0}, popularity=0.0))
        found[name] = by_view(before, *ours(bare, training_set))
    for name, sold in (("popularity", training_set.at("before").popularity), ("popularity_ever", ever(before))):
        found[name] = by_view(before, lambda rows, sold=sold: np.tile(sold, (len(rows), 1)))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        before.save(folder / "before.npz")
        window(training_set, "early").save(folder / "early.npz")
        sides = training_set.item_features.matrix[:, training_set.n_items :]
        constant = sparse.csr_matrix(np.ones((training_set.n_items, 1), np.float32))
        sparse.save_npz(folder / "item_features.npz", sparse.hstack([sides, constant], format="csr"))
        for name in PEERS:
            outcome = peer(name, folder)
            if outcome is None:
                continue
            chosen[name] = outcome
            with np.load(folder / f"{name}.npz") as arrays:
                found[name] = {view: arrays[view] for view in VIEWS}
    return found, chosen


def peer(name: str, folder: Path) -> dict[str, Any] | None:
    """Return what a peer chose, None where it cannot run here."""
    python = PROJECT / ".venv-bench" / "bin" / "python"
    command = [str(python), str(Path(__file__).with_name("quality_peers.py")), name, str(folder)]
    one = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as implicit asks for: its own threads share the work
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=one) if python.exists() else None
    if done is None or done.returncode:
        logger.warning("%s is left out: %s", name, done.stderr[-300:] if done else ".venv-bench is not there")
        return None
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    logger.info("%s: %s", name, outcome)
    return outcome


def window(training_set: TrainingSet, period: Period) -> Window:
    """Return a period as everyone sees it."""
    snapshot = training_set.at(period)
    targets = [training_set.targets(period, repeats=repeats) for repeats in (False, True)]
    return Window(snapshot.history, snapshot.bought, *targets)


def ours(model: Recommender, training_set: TrainingSet) -> tuple[Scores, Scores]:
    """Return the scores of factors, without and with what a user's own items get."""
    snapshot = training_set.at("before")
    users, items = model.factors(snapshot)
    own = model.own_items(snapshot)

    def plain(rows: Any) -> Any:
        return users.vectors[rows] @ items.vectors.T + items.biases

    return plain, lambda rows: plain(rows) + own[rows].toarray()


def by_view(before: Window, scores: Scores, scores_of_all: Scores | None = None) -> dict[str, Any]:
    """Return each user's metrics by view."""
    return dict(
        zip(VIEWS, (measure(before, "unseen", scores), measure(before, "all", scores_of_all or scores)), strict=True)
    )


def ever(before: Window) -> Any:
    """Return how many users ever bought each item."""
    return np.asarray((before.bought > 0).sum(axis=0), dtype=np.float32).ravel()


def summary(users: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return by view and model the mean over the nights, its interval, that of the difference, and each night."""
    random = np.random.default_rng(20260101)
    shares = {
        (night, view): random.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
        for night, models in users.items()
        for view in VIEWS
        for n in [models[OURS][view].shape[1]]
    }
    names = [name for name in next(iter(users.values())) if all(name in models for models in users.values())]
    found: dict[str, Any] = {view: {} for view in VIEWS}
    for view in VIEWS:
        drawn = {name: np.mean([shares[n, view] @ users[n][name][view].T for n in users], axis=0) for name in names}
        for name in names:
            each = {night: models[name][view].mean(axis=1) for night, models in users.items()}
            mean = np.mean(list(each.values()), axis=0)
            found[view][name] = {
                "recall@20": round(float(mean[0]), 4),
                "ci": interval(drawn[name][:, 0]),
                "ndcg@10": round(float(mean[1]), 4),
                "ndcg_ci": interval(drawn[name][:, 1]),
                "behind_nightshelf_ci": interval((drawn[OURS] - drawn[name])[:, 0]),
                "ndcg_behind_nightshelf_ci": interval((drawn[OURS] - drawn[name])[:, 1]),
                "nights": {night: [round(float(value), 4) for value in values] for night, values in each.items()},
            }
    return found


def interval(values: Any) -> list[float]:
    """Return the 95 % interval."""
    return [round(float(bound), 4) for bound in np.quantile(values, [0.025, 0.975])]


if __name__ == "__main__":
    sys.exit(main())
