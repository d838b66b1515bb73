-- Analysts read the views and call reco.recommend, and nothing else. Jobs act as reco_writer, which owns it all.

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON SCHEMA reco FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA reco FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA reco FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA reco FROM PUBLIC;

GRANT USAGE ON SCHEMA reco TO reco_analyst;
GRANT SELECT ON
    reco.recommendations,
    reco.recommendations_history,
    reco.popular_items,
    reco.model_decisions,
    reco.batches,
    reco.activations,
    reco.nightly_runs
TO reco_analyst;
GRANT EXECUTE ON FUNCTION reco.recommend(text, integer, text) TO reco_analyst;
