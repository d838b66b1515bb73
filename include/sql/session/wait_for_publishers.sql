SELECT pg_advisory_lock(7204002)
