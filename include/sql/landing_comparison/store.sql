INSERT INTO reco.landing_comparison (run_date, problems)
VALUES (%(run_date)s, %(problems)s::text[])
ON CONFLICT (run_date) DO UPDATE SET problems = excluded.problems, compared_at = clock_timestamp()
