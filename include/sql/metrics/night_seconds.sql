-- The newest night against the last 28 that ended well; waiting for the landing is the shop's time, not ours.
WITH night AS (
    SELECT
        dag_run.run_after,
        dag_run.state,
        extract(epoch FROM max(coalesce(task_instance.end_date, now())) - min(task_instance.start_date)) AS seconds
    FROM dag_run
    INNER JOIN task_instance ON task_instance.dag_id = dag_run.dag_id AND task_instance.run_id = dag_run.run_id
    WHERE dag_run.dag_id = 'nightly_recommendations'
      AND task_instance.task_id <> 'wait_for_landing'
      AND task_instance.start_date IS NOT NULL
      AND task_instance.state <> 'skipped'
    GROUP BY dag_run.id, dag_run.run_after, dag_run.state
),
numbered AS (
    SELECT night.*, row_number() OVER (ORDER BY night.run_after DESC) AS number
    FROM night
),
earlier AS (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY numbered.seconds) AS median, count(*) AS nights
    FROM numbered
    WHERE numbered.number BETWEEN 2 AND 29 AND numbered.state = 'success'
)
SELECT
    numbered.seconds::double precision AS night_duration_seconds,
    earlier.median::double precision AS night_median_duration_seconds,
    earlier.nights::double precision AS night_median_nights
FROM numbered
CROSS JOIN earlier
WHERE numbered.number = 1
