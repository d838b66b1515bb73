"""The command line that a rollback and the record of its approval share."""

from __future__ import annotations

from dataclasses import dataclass

from include.contract import load_policy
from include.serving.rollback import PREVIOUS, RollbackRequest
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class RollbackConfig:
    to: str = _command.argument(f"a kept batch_id, or {PREVIOUS}", required=True)
    reason: str = _command.text("why; for those who read it later", required=True)
    by: str | None = _command.text("who; the database login when left out")
    request: str | None = _command.argument("names the request, which is carried out once, whatever happened since")

    def request_for(self, settings: Settings) -> RollbackRequest:
        """Return the request for the variant of the policy."""
        return RollbackRequest(load_policy(settings).publish.variant, self.to, self.reason, self.by, self.request)
