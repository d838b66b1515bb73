-- 7204002 is the number of publishers; the lock ends with the session
SELECT pg_try_advisory_lock(7204002)
