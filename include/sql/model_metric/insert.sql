INSERT INTO reco.model_metric (
    run_date, variant, evaluation, challenger, k, model, model_version, view, user_group, metric, users, value, low, high
)
SELECT
    %(run_date)s, %(variant)s, %(evaluation)s, %(challenger)s, %(k)s, model, version, view, user_group, metric, users,
    value, low, high
FROM jsonb_to_recordset(%(rows)s) AS measured (
    model text, version text, view text, user_group text, metric text, users integer, value float8, low float8, high float8
)
ON CONFLICT DO NOTHING
