-- What people said last; the watch's own holds are named after it
SELECT run_date, variant, kind, model_version, incumbent, reasons, metrics, fingerprint
FROM reco.model_decision
WHERE variant = %(variant)s
  AND run_date = %(run_date)s
  AND (kind = 'release' OR (kind = 'hold' AND fingerprint LIKE 'hold %%'))
ORDER BY decision_id DESC
LIMIT 1
