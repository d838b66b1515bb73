-- Held until the transaction ends: whoever moves the pointer or expires batches does it alone. 7204003 is the pointer's number
SELECT pg_advisory_xact_lock(7204003)
