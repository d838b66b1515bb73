SELECT
    state,
    count(*)::double precision AS open_tasks
FROM task_instance
WHERE state IN ('scheduled', 'queued', 'running', 'deferred', 'up_for_retry')
GROUP BY state
ORDER BY state
