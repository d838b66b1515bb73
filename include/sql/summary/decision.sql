SELECT run_date, decision, model_version, incumbent, reasons, metrics
FROM reco.model_decisions
WHERE run_date <= %(run_date)s AND decision IN ('promote', 'keep')
ORDER BY run_date DESC, decided_at DESC
LIMIT 1
