INSERT INTO reco.model_decision
    (run_date, variant, kind, model_version, incumbent, reasons, metrics, fingerprint)
VALUES
    (%(run_date)s, %(variant)s, %(kind)s, %(model_version)s, %(champion)s, %(reasons)s, %(metrics)s, %(fingerprint)s)
ON CONFLICT (variant, run_date, model_version, fingerprint) DO NOTHING
