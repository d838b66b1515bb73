-- Newest first, so that a reader who keeps the last one keeps the first that was given
SELECT fingerprint, reasons
FROM reco.model_decision
WHERE variant = %(variant)s AND run_date = %(run_date)s AND kind = 'override'
ORDER BY decision_id DESC
