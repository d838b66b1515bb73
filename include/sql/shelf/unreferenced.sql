-- Builds that no batch and no pointer names: killed loads, damaged builds that were replaced, expired batches
SELECT
    found.kind,
    found.build,
    inherited.inhrelid IS NOT NULL AS attached,
    coalesce(inherited.inhdetachpending, false) AS pending
FROM (
    SELECT list_kind.kind, pg_class.oid, substring(pg_class.relname FROM '[0-9]+$')::integer AS build
    FROM reco.list_kind
    INNER JOIN pg_class ON pg_class.relname ~ ('^' || list_kind.table_name || '_[0-9]+$')
    WHERE pg_class.relnamespace = 'reco'::regnamespace
      AND pg_class.relkind IN ('r', 'p')
) AS found
LEFT JOIN pg_inherits AS inherited ON inherited.inhrelid = found.oid
WHERE NOT EXISTS (SELECT FROM reco.batch WHERE batch.build = found.build)
  AND NOT EXISTS (SELECT FROM reco.live WHERE found.build IN (live.build, live.previous_build))
ORDER BY pending DESC, found.build, found.kind
