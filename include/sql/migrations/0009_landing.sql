-- Each night's comparison of the landing zone with the lake.

CREATE TABLE reco.landing_comparison (
    run_date     date PRIMARY KEY,
    problems     text[] NOT NULL,
    compared_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE reco.landing_comparison IS 'A row a night; comparing again replaces it.';

CREATE VIEW reco.landing_comparisons AS
SELECT
    landing_comparison.run_date,
    cardinality(landing_comparison.problems) AS differences,
    landing_comparison.problems,
    landing_comparison.compared_at
FROM reco.landing_comparison;

COMMENT ON VIEW reco.landing_comparisons IS
    'What each night found when it compared the landing zone with what was ingested, over four weeks.';
COMMENT ON COLUMN reco.landing_comparisons.run_date IS 'The night''s run date.';
COMMENT ON COLUMN reco.landing_comparisons.differences IS 'How many problems there are.';
COMMENT ON COLUMN reco.landing_comparisons.problems IS
    'One sentence a day or file: not delivered, not ingested, late (came after the ingest), changed, or gone.';
COMMENT ON COLUMN reco.landing_comparisons.compared_at IS 'When it was compared last (UTC).';

REVOKE ALL ON reco.landing_comparison, reco.landing_comparisons FROM PUBLIC;
GRANT SELECT ON reco.landing_comparisons TO reco_analyst;
