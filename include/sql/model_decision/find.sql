SELECT run_date, variant, kind, model_version, incumbent, reasons, metrics, fingerprint
FROM reco.model_decision
WHERE variant = %(variant)s
  AND run_date = %(run_date)s
  AND model_version = %(model_version)s
  AND fingerprint = %(fingerprint)s
