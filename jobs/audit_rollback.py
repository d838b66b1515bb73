"""Write down how a request for a rollback ended, and check that it did what was answered.

    python -m jobs.audit_rollback --to previous --reason "prices are missing" --by ada --request run-1 --answer reject

A refused request leaves a row in reco.model_decisions, of kind `refused`. An approved one must have left its row in
reco.activations: if not, this fails, so that a failed rollback never looks like a finished one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.errors import ValidationError
from include.serving.database import WRITER, connect
from include.serving.rollback import find_rollback, refuse
from include.settings import Settings
from jobs import _command, _rollback


@dataclass(frozen=True)
class AuditRollbackConfig(_rollback.RollbackConfig):
    answer: str = _command.argument("what people answered", choices=("approve", "reject"), required=True)


parse_args = _command.command_line(AuditRollbackConfig, __doc__)


def run(settings: Settings, config: AuditRollbackConfig) -> _command.Result:
    """Return what readers see because of the request, nothing when it was refused.

    Raises
    ------
    ValidationError
        When the request was approved and not carried out.
    """
    request = config.request_for(settings)
    with connect(settings.database_url, "audit_rollback", role=WRITER) as connection:
        if config.answer == "reject":
            refuse(connection, request)
            return {"answer": "reject", "batch_id": None}
        done = find_rollback(connection, request.variant, request.name or "")
    if done is None:
        raise ValidationError(
            f"the rollback to {request.to} was approved and did not happen",
            remedy="read the log of task `rollback`, mend what it says, clear it with everything downstream",
        )
    return {"answer": "approve", "batch_id": done.batch_id}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
