-- The verdict on the last judged day up to a day
SELECT day, variant, batch_id, model_version, verdict, automatic, target, since, reasons, signals, report
FROM reco.drift_report
WHERE variant = %(variant)s AND day <= %(day)s
ORDER BY day DESC
LIMIT 1
