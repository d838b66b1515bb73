-- Builds that no batch and no pointer names: killed loads, damaged builds that were replaced, expired batches
SELECT
    found.build,
    inherited.inhrelid IS NOT NULL AS attached,
    coalesce(inherited.inhdetachpending, false) AS pending
FROM (
    SELECT pg_class.oid, substr(pg_class.relname, 7)::integer AS build
    FROM pg_class
    WHERE pg_class.relnamespace = 'reco'::regnamespace
      AND pg_class.relkind IN ('r', 'p')
      AND pg_class.relname ~ '^shelf_[0-9]+$'
) AS found
LEFT JOIN pg_inherits AS inherited ON inherited.inhrelid = found.oid
WHERE NOT EXISTS (SELECT FROM reco.batch WHERE batch.build = found.build)
  AND NOT EXISTS (SELECT FROM reco.live WHERE found.build IN (live.build, live.previous_build))
ORDER BY pending DESC, found.build
