-- What the evaluations found, by view and group of users, for analysts.

CREATE TABLE reco.model_metric (
    run_date       date NOT NULL,
    variant        text NOT NULL,
    evaluation     text NOT NULL,
    challenger     text NOT NULL,
    k              integer NOT NULL,
    model          text NOT NULL,
    model_version  text NOT NULL,
    view           text NOT NULL,
    user_group     text NOT NULL,
    metric         text NOT NULL,
    users          integer NOT NULL,
    value          float8 NOT NULL,
    low            float8,
    high           float8,
    PRIMARY KEY (evaluation, model, view, user_group, metric)
);
CREATE INDEX model_metric_night ON reco.model_metric (variant, run_date);
COMMENT ON TABLE reco.model_metric IS 'Append-only: one row an evaluation, model, view, group of users and metric.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reco.model_metric
    FOR EACH ROW EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON reco.model_metric
    FOR EACH STATEMENT EXECUTE FUNCTION reco.refuse_change();

CREATE VIEW reco.model_metrics AS
SELECT
    run_date, variant, challenger, evaluation, model, model_version, view, user_group, metric, k, users, value, low, high
FROM reco.model_metric;

COMMENT ON VIEW reco.model_metrics IS
    'How good each model''s lists were in a night''s evaluation: one row a model, view, group of users and metric.';
COMMENT ON COLUMN reco.model_metrics.run_date IS 'The night''s run date.';
COMMENT ON COLUMN reco.model_metrics.variant IS 'The variant that the challenger was trained for.';
COMMENT ON COLUMN reco.model_metrics.challenger IS 'The challenger''s version.';
COMMENT ON COLUMN reco.model_metrics.evaluation IS 'Names the evaluation; a night that was evaluated again has two.';
COMMENT ON COLUMN reco.model_metrics.model IS
    'challenger; champion: as it serves; champion_recipe: its recipe fitted on the same data; popularity.';
COMMENT ON COLUMN reco.model_metrics.model_version IS 'Its version; of popularity the word itself.';
COMMENT ON COLUMN reco.model_metrics.view IS
    'What counts as a hit: all that users took; unseen: what they had never bought; new_items: of that what was new.';
COMMENT ON COLUMN reco.model_metrics.user_group IS
    'all, known (with a history), little_history (at most 3 items), new_users, or segment:<name>.';
COMMENT ON COLUMN reco.model_metrics.metric IS 'recall, ndcg, map and so on, see docs/model.md.';
COMMENT ON COLUMN reco.model_metrics.k IS 'Length of the lists that were measured.';
COMMENT ON COLUMN reco.model_metrics.users IS 'Users of the group with something to find.';
COMMENT ON COLUMN reco.model_metrics.value IS 'Mean over these users.';
COMMENT ON COLUMN reco.model_metrics.low IS 'Lower end of its 95 % interval; null for what is measured of all lists together.';
COMMENT ON COLUMN reco.model_metrics.high IS 'Upper end of it.';

REVOKE ALL ON reco.model_metrics FROM PUBLIC;
GRANT SELECT ON reco.model_metrics TO reco_analyst;
