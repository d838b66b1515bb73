INSERT INTO reco.nightly_run (run_date, variant, batch_id, accounts)
VALUES (%(run_date)s, %(variant)s, %(batch_id)s, %(accounts)s)
ON CONFLICT (run_date, variant) DO UPDATE SET
    batch_id = excluded.batch_id,
    accounts = excluded.accounts
