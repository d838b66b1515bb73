-- People hold a night, and release it again: both are decisions.

ALTER TABLE reco.model_decision DROP CONSTRAINT model_decision_kind_check;
ALTER TABLE reco.model_decision ADD CONSTRAINT model_decision_kind_check
    CHECK (kind IN ('promote', 'keep', 'rollback', 'refused', 'retrain', 'hold', 'release', 'override'));

COMMENT ON COLUMN reco.model_decisions.decision IS
    'promote: the challenger became champion; keep: it did not; rollback: people went to the model of a kept batch; '
    'refused: people refused a rollback; retrain: the drift watch''s verdict; hold: the watch or people let the night '
    'publish nothing; release: people end a hold; override: people let the night go on although a check failed.';
