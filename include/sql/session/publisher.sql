SELECT activity.pid, activity.application_name
FROM pg_locks
INNER JOIN pg_stat_activity AS activity ON activity.pid = pg_locks.pid
WHERE pg_locks.locktype = 'advisory' AND pg_locks.granted AND pg_locks.objid = 7204002
