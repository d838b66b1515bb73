-- The newest decision that gave the title to a version
SELECT run_date, decision, model_version, incumbent, reasons, metrics ->> 'model_card' AS model_card, decided_at
FROM reco.model_decisions
WHERE variant = %(variant)s AND model_version = %(model_version)s AND decision IN ('promote', 'rollback')
ORDER BY run_date DESC, decided_at DESC
LIMIT 1
