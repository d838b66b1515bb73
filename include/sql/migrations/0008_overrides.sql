-- People may let a night go on although a check stopped it: that, too, is a decision.

ALTER TABLE reco.model_decision DROP CONSTRAINT model_decision_kind_check;
ALTER TABLE reco.model_decision ADD CONSTRAINT model_decision_kind_check
    CHECK (kind IN ('promote', 'keep', 'rollback', 'refused', 'retrain', 'hold', 'override'));

COMMENT ON VIEW reco.model_decisions IS
    'What the gate decided each night, and people and the drift watch later, and why. Rows are never changed.';
COMMENT ON COLUMN reco.model_decisions.decision IS
    'promote: the challenger became champion; keep: it did not; rollback: people went to the model of a kept batch; '
    'refused: people refused a rollback; retrain, hold: the drift watch''s verdicts; override: people let the night '
    'go on although a check failed.';
COMMENT ON COLUMN reco.model_decisions.fingerprint IS
    'Names the evaluation that the decision rests on, the request for a rollback, or the check that was overridden.';
