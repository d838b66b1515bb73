"""A search for better settings of the model: a study in PostgreSQL, its trials, and what comes of them.

Trials are judged as the gate judges, but at the end of the period `early`, by what users took between it and the
cutoff: the holdout is never looked at. A study can be gone on with after any kill: a task that was killed in its trial
fails that one and tries the same settings again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from include.contract import load_policy
from include.errors import ConfigurationError, NightshelfError, ValidationError
from include.evaluation.comparison import ALL, UNSEEN, Judged
from include.features import TrainingSet, load_training_set
from include.lake import Artifact, newest_artifact, open_artifact, open_lake
from include.lake.manifest import fingerprint
from include.model.search import in_stages, searched, settings_of, with_settings
from include.model_policy import ModelPolicy, SearchRange, TuningPolicy, model_policy
from include.night.building import KIND
from include.night.challengers import base_of, choose_model
from include.night.fitting import fit_stages
from include.night.judging import convene
from include.night.readiness import lack_of_data
from include.night.recipes import SETTINGS, record_of
from include.policy import Policy
from include.serving.database import WRITER, connect
from include.serving.studies import study_storage
from include.serving.tuning import StoredTuning, Tuning, record_tuning
from include.settings import Settings

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

TASK, PRESENT, ABOUT = "task", "present", "about"


class PlannedStudy(NamedTuple):
    """A study that is ready; `trials` is 0 where there is nothing to search, and `lacks` says why."""

    study: str
    trials: int
    lacks: str | None = None


class Tried(NamedTuple):
    """A trial that has ended: complete, pruned or fail."""

    trial: int
    state: str
    value: float | None
    settings: Mapping[str, Any]


def plan_study(settings: Settings, run_date: dt.date, trials: int | None) -> PlannedStudy:
    """Make the study of the newest training set up to a day, or find it; its present settings are that night's."""
    from optuna import create_study as make_study

    policy = load_policy(settings)
    source = newest_artifact(open_lake(settings.lake_uri), KIND, run_date)
    if source is None:
        return PlannedStudy("", 0, f"no night up to {run_date} has built a training set yet")
    model = choose_model(settings, policy, source.run_date).model
    space = searched(model, policy.tuning.space)
    training_set = load_training_set(source)
    lacks = lack_of_data(source, training_set) or _lack_of_evidence(training_set, policy)
    if not space or lacks:
        return PlannedStudy("", 0, lacks or f"tuning.space names no setting of the trainer {model.trainer}")
    about = {
        "training_set": source.folder,
        "variant": policy.publish.variant,
        "base": base_of(policy),
        "model": record_of(model)[SETTINGS],
        "space": {name: tried.model_dump() for name, tried in space.items()},
    }
    inputs = {**about, "manifest": source.manifest.fingerprint, "metric": policy.gate.metric}
    name = f"{policy.publish.variant}-{source.run_date}-{fingerprint(inputs)}"
    with study_storage(settings.database_url) as storage:
        make_study(study_name=name, storage=storage, direction="maximize", load_if_exists=True).set_user_attr(
            ABOUT, about
        )
    return PlannedStudy(name, trials or policy.tuning.trials)


def try_settings(settings: Settings, name: str, task: int) -> Tried:
    """Run one trial of a study to its end, unless this task of it has ended before. Task 0 tries the present settings.

    Where the task died in a trial, that one fails, and another has its settings.
    """
    policy = load_policy(settings)
    with study_storage(settings.database_url) as storage:
        study = _open(storage, name, task, policy.tuning)
        about = study.user_attrs[ABOUT]
        present = model_policy(about["model"])
        space = {each: SearchRange.model_validate(tried) for each, tried in about["space"].items()}
        mine = [each for each in study.get_trials() if each.user_attrs.get(TASK) == task]
        for former in mine:
            if former.state.name in ("COMPLETE", "PRUNED"):
                return _ended(former)
            if former.state.name == "RUNNING":
                _try_again(study, former)
        if task == 0 and not mine:
            study.enqueue_trial(settings_of(present, space), user_attrs={PRESENT: True, TASK: task})
        trial = study.ask({each: _distribution(tried) for each, tried in space.items()})
        trial.set_user_attr(TASK, task)
        logger.info("trial %d: %s", trial.number, trial.params)
        source = open_artifact(open_lake(settings.lake_uri), about["training_set"])
        _run(settings, study, trial, with_settings(present, trial.params), policy, source)
        return _ended(study.get_trials()[trial.number])


def _try_again(study: Study, former: FrozenTrial) -> None:
    from optuna.trial import TrialState

    logger.warning("trial %d died with its task: its settings are tried again", former.number)
    study.tell(former.number, state=TrialState.FAIL)
    study.enqueue_trial(former.params, user_attrs=former.user_attrs)


def choose_settings(settings: Settings, name: str, trials: int) -> tuple[dict[str, int], StoredTuning]:
    """End a study: record the best settings, if they are better than the present ones by `tuning.min_gain`.

    They hold from the first night that has no training set yet. The first end of a study stands. The number of trials
    by their state is returned beside it.

    Raises
    ------
    ValidationError
        When no trial has come to a result.
    """
    policy, lake = load_policy(settings), open_lake(settings.lake_uri)
    with study_storage(settings.database_url) as storage:
        study = _open(storage, name)
        about, ended = study.user_attrs[ABOUT], study.get_trials()
    tried = [_ended(each) for each in ended]
    complete = [each for each in tried if each.state == "complete"]
    if not complete:
        raise ValidationError(f"no trial of study {name} has come to a result", remedy="clear `try_settings`")
    unchanged = {each.number for each in ended if each.user_attrs.get(PRESENT)}
    present = next((each.value for each in complete if each.trial in unchanged), None)
    best = max(complete, key=lambda each: (each.value or 0.0, -each.trial))
    model = model_policy(about["model"])
    wins = present is not None and (best.value or 0.0) > present * (1 + policy.tuning.min_gain)
    source = open_artifact(lake, about["training_set"])
    tuning = Tuning(
        study=name,
        trials=trials,
        run_date=source.run_date,
        variant=about["variant"],
        base=about["base"],
        recipe=record_of(with_settings(model, best.settings)) if wins else None,
        from_night=(newest_artifact(lake, KIND, dt.date.max) or source).run_date + dt.timedelta(days=1),
        metric=policy.gate.metric,
        present=present,
        best=best.value,
        tried=[each._asdict() for each in tried],
    )
    with connect(settings.database_url, "tuning", role=WRITER) as connection:
        return dict(Counter(each.state for each in tried)), record_tuning(connection, tuning)


def _run(settings: Settings, study: Study, trial: Trial, model: ModelPolicy, policy: Policy, source: Artifact) -> None:
    """Train in stages and judge each; end the trial when it lags behind the others, or at the last."""
    from optuna.trial import TrialState

    training_set = load_training_set(source)
    court = convene(training_set, policy, "early")
    staged, stages = in_stages(model, policy.tuning.judged)
    value, pruned = float("nan"), False
    try:
        for stage, fitted in enumerate(fit_stages(settings, training_set, staged, ["early"] * stages), start=1):
            value = _metric(court.judge(fitted), policy.gate.metric)
            trial.report(value, stage)
            logger.info("trial %d, stage %d of %d: %.4f", trial.number, stage, stages, value)
            pruned = stage < stages and not trial.user_attrs.get(PRESENT) and trial.should_prune()
            if pruned:
                break
    except NightshelfError as error:
        if error.exit_code != ValidationError.exit_code:
            raise
        logger.warning("trial %d: these settings make no model: %s", trial.number, error.problem)
        value = float("nan")
    if np.isnan(value):
        study.tell(trial, state=TrialState.FAIL)
    elif pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, value)


def _metric(judged: Judged, metric: str) -> float:
    """Return the mean over the views of what users had bought before or not, and of what they had not."""
    return float(
        np.mean([judged.users[view][metric].mean() for view in (ALL, UNSEEN) if len(judged.users[view][metric])])
    )


def _lack_of_evidence(training_set: TrainingSet, policy: Policy) -> str | None:
    users = int((np.diff(training_set.targets("early", repeats=True).indptr) > 0).sum())
    if users >= policy.gate.min_users and training_set.matrix("early").nnz:
        return None
    return (
        f"{users} users took something between {training_set.last_day('early')} and {training_set.cutoff}: "
        f"too few to choose settings by (gate.min_users is {policy.gate.min_users})"
    )


def _open(storage: RDBStorage, name: str, task: int = 0, policy: TuningPolicy | None = None) -> Study:
    """Return the study of that name; every task draws by a seed of its own."""
    import optuna

    seed = int(fingerprint({"study": name, "task": task})[:8], 16)
    try:
        return optuna.load_study(
            study_name=name,
            storage=storage,
            sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=True),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=policy.unpruned if policy else 0),
        )
    except KeyError as error:
        raise ConfigurationError(f"there is no study {name}", remedy="clear `plan_tuning`, and what follows") from error


def _distribution(tried: SearchRange) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if tried.choices:
        return CategoricalDistribution(tried.choices)
    low, high = tried.values
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=tried.log)
    return FloatDistribution(low, high, log=tried.log)


def _ended(trial: FrozenTrial) -> Tried:
    last = trial.intermediate_values.get(max(trial.intermediate_values, default=0))
    value = trial.value if trial.value is not None else last
    known = value is not None and np.isfinite(value)
    return Tried(trial.number, trial.state.name.lower(), value if known else None, trial.params)
