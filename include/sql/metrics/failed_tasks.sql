-- Failed for good: a task that will be tried again is up_for_retry, and one that was cleared is no longer failed.
SELECT
    dag_id,
    task_id,
    count(*)::double precision AS failed_tasks
FROM task_instance
WHERE state = 'failed' AND end_date > now() - interval '1 day'
GROUP BY dag_id, task_id
ORDER BY dag_id, task_id
