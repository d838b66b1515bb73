SELECT wanted
FROM unnest(%(groups)s::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted)
