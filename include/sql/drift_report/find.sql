SELECT day, variant, batch_id, model_version, verdict, automatic, target, since, reasons, signals, report
FROM reco.drift_report
WHERE variant = %(variant)s AND day = %(day)s
