SELECT run_date, variant, kind, model_version, incumbent, reasons, metrics, fingerprint
FROM reco.model_decision
WHERE variant = %(variant)s AND fingerprint = %(request)s
ORDER BY decision_id
LIMIT 1
