"""A search for better settings: judged before the holdout, resumed after a kill, and tried by the next night."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from include.contract import load_policy
from include.errors import ConfigurationError, ValidationError
from include.features import TrainingSet
from include.lake import Lake
from include.night import tuning as night
from include.night.challengers import choose_model
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.serving.studies import study_storage
from include.settings import PROJECT, Settings
from include.tracking import find_lineage
from jobs import choose_settings, evaluate, gate, plan_tuning, train, try_settings
from tests.databases import Database
from tests.jobs.nights import commit_training_set, make_pairs, with_policy
from tests.training_sets import RUN_DATE, make_tables
from tests.waiting import eventually

pytestmark = pytest.mark.postgres

DAY = dt.timedelta(days=1)
SPACE = {"lightfm_hybrid.learning_rate": {"low": 0.1, "high": 0.3}, "lightfm_hybrid.dimensions": {"choices": [2, 8]}}
MODEL = {"learning_rate": 1e-5, "epochs": 6}  # so little that any other learns more


def tables(seed: int = 0) -> dict[str, Any]:
    """Return a shop whose users bought two items between the early period and the cutoff."""
    pairs = make_pairs(seed)
    late = [place % 10 in (5, 6) for place in range(len(pairs))]
    return make_tables([
        pair._replace(weight_early=0.0, n_early=0, n_after_early=1) if recent else pair
        for pair, recent in zip(pairs, late, strict=True)
    ])  # fmt: skip


@pytest.fixture
def shop(tracked: Settings, database: Database, lake: Lake) -> Settings:
    commit_training_set(lake, tables=tables())
    return with_policy(tracked, database, model=MODEL, tuning={"space": SPACE, "judged": 2, "unpruned": 2})


def plan(settings: Settings, trials: int | None = None, date: dt.date = RUN_DATE) -> Any:
    return plan_tuning.run(settings, plan_tuning.PlanTuningConfig(date, trials))


def trial(settings: Settings, study: str, task: int) -> Any:
    return try_settings.run(settings, try_settings.TrySettingsConfig(study, task))


def choose(settings: Settings, study: str, trials: int) -> Any:
    return choose_settings.run(settings, choose_settings.ChooseSettingsConfig(study, trials))


def search(settings: Settings, trials: int = 3) -> tuple[str, Any]:
    study = plan(settings, trials)["study"]
    for task in range(trials):
        trial(settings, study, task)
    return study, choose(settings, study, trials)


def test_the_best_settings_are_found_and_their_trials_are_kept(shop: Settings, database: Database) -> None:
    study, found = search(shop)
    assert study.startswith(f"main-{RUN_DATE}-")
    assert found["best"] > found["present"] * 1.005 and found["from_night"] == str(RUN_DATE + DAY)
    assert 0.1 <= found["settings"]["learning_rate"] <= 0.3 and found["settings"]["epochs"] == 6
    assert sum(found["trials"].values()) == 3 and set(found["trials"]) <= {"complete", "pruned"}
    rows = database.rows("SELECT trial, state, value, settings FROM reco.tuning_trials ORDER BY trial", role="analyst")
    assert rows[0][1:] == (
        "complete", found["present"], {"lightfm_hybrid.learning_rate": 1e-5, "lightfm_hybrid.dimensions": 8},
    )  # fmt: skip
    assert found["best"] == max(value for _, state, value, _ in rows if state == "complete")
    assert database.rows("SELECT outcome, from_night FROM reco.tunings", role="analyst") == [
        ("not judged yet", RUN_DATE + DAY)
    ]


def test_the_holdout_is_not_looked_at(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    study = plan(shop, 1)["study"]
    load, seen = night.load_training_set, []

    def without_holdout(source: Any) -> TrainingSet:
        found = load(source)
        pairs = found.interactions
        hidden = replace(pairs, later={**pairs.later, "before": pairs.later["before"] * 0})
        seen.append(replace(found, interactions=hidden))
        return seen[-1]

    with_it = trial(shop, study, 0)
    monkeypatch.setattr(night, "load_training_set", without_holdout)
    settings = {"lightfm_hybrid.learning_rate": 1e-5, "lightfm_hybrid.dimensions": 8}
    assert with_it["settings"] == settings
    with study_storage(shop.database_url) as storage:
        night._open(storage, study).enqueue_trial(settings)
    assert trial(shop, study, 1)["value"] == with_it["value"] and len(seen) == 1


def test_every_step_can_be_repeated_and_a_study_can_go_on(shop: Settings) -> None:
    planned = plan(shop, 2)
    first = trial(shop, planned["study"], 0), trial(shop, planned["study"], 1)
    assert plan(shop, 2) == planned
    assert (trial(shop, planned["study"], 0), trial(shop, planned["study"], 1)) == first
    found = choose(shop, planned["study"], 2)
    assert choose(shop, planned["study"], 2) == found
    more = plan(shop, 3)
    assert more == {**planned, "trials": 3}
    assert trial(shop, more["study"], 2)["trial"] == 2
    assert choose(shop, more["study"], 3)["tuning"] != found["tuning"]


def test_a_killed_trial_fails_and_its_settings_are_tried_again(shop: Settings) -> None:
    study = plan(shop, 2)["study"]
    trial(shop, study, 0)
    program = (
        "import sys, time\n"
        "from include.night import tuning\n"
        "from include.settings import load_settings\n"
        "tuning._run = lambda *_: time.sleep(600)\n"
        f"tuning.try_settings(load_settings(), {study!r}, 1)\n"
    )
    variables = {
        **os.environ,
        "NIGHTSHELF_HOME": str(shop.home),
        "NIGHTSHELF_POLICY": str(shop.policy_file),
        "NIGHTSHELF_DATABASE_URL": shop.database_url.get_secret_value(),
    }
    child = subprocess.Popen([sys.executable, "-c", program], env=variables, cwd=PROJECT)
    try:
        with study_storage(shop.database_url) as storage:
            studied = night._open(storage, study)
            assert eventually(
                lambda: len(studied.get_trials()) == 2 and night.TASK in studied.get_trials()[1].user_attrs, seconds=60
            )
            child.send_signal(signal.SIGKILL)
            died = studied.get_trials()[1]
    finally:
        child.kill()
        child.wait()
    assert died.state.name == "RUNNING"
    again = trial(shop, study, 1)
    assert (again["trial"], again["settings"]) == (2, died.params) and again["state"] != "fail"
    assert choose(shop, study, 2)["trials"]["fail"] == 1


def test_settings_that_make_no_model_fail_and_the_study_goes_on(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = plan(shop, 2)["study"]
    trial(shop, study, 0)

    def diverges(*_: Any) -> Any:
        raise ValidationError("a factor is not a finite number", remedy="take others")

    with monkeypatch.context() as patched:
        patched.setattr(night, "fit_stages", diverges)
        assert trial(shop, study, 1)["state"] == "fail"
    monkeypatch.setattr(night, "_metric", lambda *_: 0.9)
    assert trial(shop, study, 1)["trial"] == 2, "clearing the task tries others"
    assert choose(shop, study, 2)["trials"] == {"complete": 2, "fail": 1}


def test_a_trial_that_lags_behind_is_stopped(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    study = plan(shop, 4)["study"]
    values = {0: [0.3, 0.3], 1: [0.3, 0.4], 2: [0.1], 3: [0.5, 0.2]}
    for task, judged in values.items():
        seen = iter(judged)
        monkeypatch.setattr(night, "_metric", lambda *_, seen=seen: next(seen))
        assert trial(shop, study, task)["state"] == ("pruned" if len(judged) == 1 else "complete")
    assert choose(shop, study, 4)["best"] == 0.4


def test_settings_that_are_hardly_better_change_nothing(
    shop: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.4, 0.4, 0.4, 0.4001])
    monkeypatch.setattr(night, "_metric", lambda *_: next(values))
    _, found = search(shop, 2)
    assert (found["settings"], found["from_night"], found["best"]) == (None, None, 0.4001)
    assert database.rows("SELECT outcome, settings FROM reco.tunings", role="analyst") == [("nothing better", None)]
    assert choose_model(shop, load_policy(shop), RUN_DATE + DAY).tuning is None


def test_the_winner_is_the_next_night_s_challenger_and_passes_the_same_gate(
    shop: Settings, database: Database, lake: Lake
) -> None:
    _, found = search(shop)
    tonight = train.run(shop, train.TrainConfig(f"training_sets/{RUN_DATE}-t"))["model_version"]
    assert find_lineage(shop, tonight)["tuning"] is None
    folder = commit_training_set(lake, RUN_DATE + DAY, tables=tables(), tag="next")
    version = train.run(shop, train.TrainConfig(folder))["model_version"]
    lineage = find_lineage(shop, version)
    assert (lineage["tuning"], lineage["recipe"]["settings"]) == (found["tuning"], found["settings"])
    judged = evaluate.run(shop, evaluate.EvaluateConfig(folder, version))
    decision = gate.run(shop, gate.GateConfig(judged["evaluation"]))["decision"]
    outcome = {"promote": "promoted", "keep": "refused"}[decision]
    assert database.rows("SELECT outcome FROM reco.tunings", role="analyst") == [(outcome,)]
    assert database.rows("SELECT metrics ->> 'tuning' FROM reco.model_decision") == [(str(found["tuning"]),)]
    assert (
        f"found by search {found['tuning']}"
        in lake.read_bytes(
            next(info.path for info in lake.list_files(judged["evaluation"]) if info.path.endswith(".md"))
        ).decode()
    )


@pytest.mark.parametrize(
    ("kinds", "later"),
    [(["promote", "keep"], True), (["keep"], False), (["promote", "rollback"], False), (["keep", "promote"], True)],
)
def test_later_nights_keep_the_settings_unless_the_gate_or_people_refused_them(
    shop: Settings, database: Database, kinds: list[Any], later: bool
) -> None:
    _, found = search(shop, 2)
    policy = load_policy(shop)

    def tuning_of(night: dt.date) -> int | None:
        return choose_model(shop, policy, night).tuning

    with connect(shop.database_url, "tests", role=WRITER) as connection:
        for kind in kinds:
            metrics = {"tuning": found["tuning"]}
            record_decision(connection, Decision(RUN_DATE + DAY, "main", kind, "2", None, ["test"], metrics, kind))
    assert [tuning_of(RUN_DATE), tuning_of(RUN_DATE + DAY)] == [None, found["tuning"]]
    assert tuning_of(RUN_DATE + 2 * DAY) == (found["tuning"] if later else None)
    other = load_policy(with_policy(shop, database, model={**MODEL, "dimensions": 4}))
    assert choose_model(shop, other, RUN_DATE + 2 * DAY).tuning is None, "somebody changed the policy since"


def test_what_has_nothing_to_search_says_so(tracked: Settings, database: Database, lake: Lake) -> None:
    settings = with_policy(tracked, database, model=MODEL, tuning={"space": SPACE})
    assert plan(settings)["lacks"] == f"no night up to {RUN_DATE} has built a training set yet"
    commit_training_set(lake)
    assert plan(settings) == {"study": "", "trials": 0, "lacks": plan(settings)["lacks"]}
    assert plan(settings)["lacks"].startswith("0 users took something between 2026-01-03 and 2026-01-17")
    commit_training_set(lake, RUN_DATE + DAY, tables=tables(), tag="next")
    other = with_policy(tracked, database, model=MODEL, tuning={"space": {"ials.epochs": {"low": 1, "high": 2}}})
    assert plan(other, date=RUN_DATE + DAY)["lacks"] == "tuning.space names no setting of the trainer lightfm_hybrid"
    with pytest.raises(ConfigurationError, match="there is no study nothing"):
        trial(settings, "nothing", 0)
