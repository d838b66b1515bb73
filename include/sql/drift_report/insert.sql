INSERT INTO reco.drift_report (
    day, variant, batch_id, model_version, verdict, automatic, target, since, reasons, signals, report
)
VALUES (
    %(day)s, %(variant)s, %(batch_id)s, %(model_version)s, %(verdict)s, %(automatic)s, %(target)s, %(since)s,
    %(reasons)s, %(signals)s, %(report)s
)
ON CONFLICT (variant, day) DO NOTHING
