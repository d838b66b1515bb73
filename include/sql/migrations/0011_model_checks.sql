-- The gate's checks with their figures, for analysts.

CREATE VIEW reco.model_checks AS
SELECT
    model_decision.run_date,
    model_decision.variant,
    model_decision.model_version,
    model_decision.kind AS decision,
    found.value ->> 'name' AS check_name,
    (found.value ->> 'holds')::boolean AS holds,
    (found.value -> 'figures' ->> 'users')::integer AS users,
    (found.value -> 'figures' ->> 'value')::float8 AS value,
    (found.value -> 'figures' ->> 'other')::float8 AS other,
    (found.value -> 'figures' ->> 'difference')::float8 AS difference,
    (found.value -> 'figures' ->> 'low')::float8 AS low,
    (found.value -> 'figures' ->> 'high')::float8 AS high,
    (found.value -> 'figures' ->> 'needed')::float8 AS needed,
    found.value ->> 'text' AS text,
    model_decision.decided_at
FROM reco.model_decision
CROSS JOIN LATERAL jsonb_array_elements(coalesce(model_decision.metrics -> 'checks', '[]')) AS found
WHERE model_decision.kind IN ('promote', 'keep');

COMMENT ON VIEW reco.model_checks IS 'Each check of the gate, with the figures it rests on: one row a decision and check.';
COMMENT ON COLUMN reco.model_checks.run_date IS 'The night''s run date.';
COMMENT ON COLUMN reco.model_checks.variant IS 'The variant that the model was trained for.';
COMMENT ON COLUMN reco.model_checks.model_version IS 'The challenger''s version.';
COMMENT ON COLUMN reco.model_checks.decision IS 'What was decided: promote or keep.';
COMMENT ON COLUMN reco.model_checks.check_name IS
    'What was checked: users, popularity, champion (with a group behind a colon), coverage, overlap, and so on.';
COMMENT ON COLUMN reco.model_checks.holds IS 'Whether the challenger passed.';
COMMENT ON COLUMN reco.model_checks.users IS 'Users evaluated; null where the check is not about users.';
COMMENT ON COLUMN reco.model_checks.value IS 'The challenger''s figure.';
COMMENT ON COLUMN reco.model_checks.other IS 'What it was compared with; null where there is no such model.';
COMMENT ON COLUMN reco.model_checks.difference IS 'value less other.';
COMMENT ON COLUMN reco.model_checks.low IS 'Lower end of the difference''s 95 % interval.';
COMMENT ON COLUMN reco.model_checks.high IS 'Upper end of it.';
COMMENT ON COLUMN reco.model_checks.needed IS 'What the policy asks for: of the difference where there is one, else of value.';
COMMENT ON COLUMN reco.model_checks.text IS 'The same in words.';
COMMENT ON COLUMN reco.model_checks.decided_at IS 'When the decision was recorded (UTC).';

REVOKE ALL ON reco.model_checks FROM PUBLIC;
GRANT SELECT ON reco.model_checks TO reco_analyst;
