INSERT INTO reco.deletion (run_date, kind, name, day, size_bytes)
VALUES (%(run_date)s, %(kind)s, %(name)s, %(day)s, %(size_bytes)s)
