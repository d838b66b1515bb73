"""The faults, one module each; a new one is a module and a row here."""

from devstack.game_day.faults import (
    clock_jumps,
    corrupt_landing,
    full_disk,
    missing_partition,
    mlflow_lost,
    mlflow_unreachable,
    out_of_memory,
    poisoned_model,
    postgresql_down,
    s3_away,
    scheduler_killed,
    wrong_credentials,
)
from devstack.game_day.faults.base import StackFault

FAULTS: tuple[StackFault, ...] = (
    postgresql_down.FAULT,
    full_disk.FAULT,
    corrupt_landing.FAULT,
    mlflow_unreachable.FAULT,
    mlflow_lost.FAULT,
    scheduler_killed.FAULT,
    out_of_memory.FAULT,
    wrong_credentials.FAULT,
    clock_jumps.FAULT,
    missing_partition.FAULT,
    poisoned_model.FAULT,
    s3_away.FAULT,
)
