-- Held until the session ends: 7204001 is the number of migrations, 7204002 that of publishers
SELECT pg_advisory_lock(7204001)
