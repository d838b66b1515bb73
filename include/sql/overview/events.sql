-- What was decided and switched lately, by whom and why, newest first
SELECT happened.at, happened.what, happened.subject, happened.why
FROM (
    SELECT
        model_decisions.decided_at AS at,
        model_decisions.decision AS what,
        'model ' || model_decisions.model_version || ', night of ' || model_decisions.run_date AS subject,
        array_to_string(model_decisions.reasons, '; ') AS why
    FROM reco.model_decisions
    WHERE model_decisions.variant = %(variant)s
    UNION ALL
    SELECT
        activations.activated_at,
        'live',
        'batch ' || activations.batch_id,
        activations.reason || ' (' || activations.activated_by || ')'
    FROM reco.activations
    WHERE activations.variant = %(variant)s
) AS happened
ORDER BY happened.at DESC
LIMIT %(most)s
