-- The newest nights up to a day, each with its decision's comparison with popularity and the watch's verdict on its day
WITH night AS (
    SELECT *
    FROM reco.nightly_runs
    WHERE nightly_runs.variant = %(variant)s AND nightly_runs.run_date <= %(up_to)s
    ORDER BY nightly_runs.run_date DESC
    LIMIT %(nights)s
)
SELECT
    night.run_date,
    night.batch_id,
    night.is_live,
    night.landed,
    night.ingested,
    night.duplicates,
    night.quarantined,
    night.users,
    night.items,
    night.shortfall,
    night.decision,
    night.decision_reasons,
    night.model_version,
    night.metrics ->> 'k' AS k,
    (night.metrics -> 'model' ->> 'coverage')::float8 AS coverage,
    judged.value AS metric,
    judged.other AS popularity,
    judged.difference,
    judged.low,
    judged.high,
    decided.metrics ->> 'model_card' AS model_card,
    drift_reports.verdict,
    drift_reports.outcome,
    drift_reports.report AS drift_report,
    drift_reports.hits::float8 / nullif(drift_reports.pairs, 0) AS on_shelf,
    drift_reports.popular_hits::float8 / nullif(drift_reports.pairs, 0) AS popular_on_shelf
FROM night
LEFT JOIN LATERAL (
    SELECT model_checks.value, model_checks.other, model_checks.difference, model_checks.low, model_checks.high
    FROM reco.model_checks
    WHERE model_checks.run_date = night.run_date
      AND model_checks.variant = night.variant
      AND model_checks.check_name = 'popularity'
    ORDER BY model_checks.decided_at DESC
    LIMIT 1
) AS judged ON true
LEFT JOIN LATERAL (
    SELECT model_decisions.metrics
    FROM reco.model_decisions
    WHERE model_decisions.run_date = night.run_date
      AND model_decisions.variant = night.variant
      AND model_decisions.decision IN ('promote', 'keep')
    ORDER BY model_decisions.decided_at DESC
    LIMIT 1
) AS decided ON true
LEFT JOIN reco.drift_reports ON drift_reports.day = night.run_date AND drift_reports.variant = night.variant
ORDER BY night.run_date
