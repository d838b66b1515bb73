INSERT INTO reco.live (variant, batch_id, build, since, previous_batch_id, previous_build)
VALUES (%(variant)s, %(batch_id)s, %(build)s, clock_timestamp(), %(batch_id)s, %(build)s)
ON CONFLICT (variant) DO UPDATE SET
    batch_id = excluded.batch_id,
    build = excluded.build,
    since = clock_timestamp(),
    previous_batch_id = live.batch_id,
    previous_build = live.build
