-- As reco.tunings has it, before a night: a champion trained by these settings stays one although later challengers are
-- kept out, until people refuse it.
SELECT tuning.tuning_id, tuning.recipe
FROM reco.tuning
LEFT JOIN LATERAL (
    SELECT decision.kind
    FROM reco.model_decision AS decision
    WHERE decision.variant = tuning.variant
      AND decision.kind IN ('promote', 'keep', 'rollback', 'refused')
      AND decision.metrics ->> 'tuning' = tuning.tuning_id::text
      AND decision.run_date < %(run_date)s
    ORDER BY decision.kind = 'keep', decision.run_date DESC, decision.decision_id DESC
    LIMIT 1
) AS last ON true
WHERE tuning.variant = %(variant)s
  AND tuning.base = %(base)s
  AND tuning.from_night <= %(run_date)s
  AND tuning.recipe IS NOT NULL
  AND coalesce(last.kind, 'promote') = 'promote'
ORDER BY tuning.tuning_id DESC
