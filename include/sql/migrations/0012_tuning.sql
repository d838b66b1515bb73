-- What `tune` found: one append-only row a study. Optuna keeps the trials in its own schema, tuning.

CREATE TABLE reco.tuning (
    tuning_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study       text NOT NULL,
    trials      integer NOT NULL,
    run_date    date NOT NULL,
    variant     text NOT NULL,
    base        text NOT NULL,
    recipe      jsonb,
    from_night  date NOT NULL,
    metric      text NOT NULL,
    present     float8,
    best        float8,
    tried       jsonb NOT NULL,
    decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (study, trials)
);
COMMENT ON TABLE reco.tuning IS
    'Append-only: what each study found; recipe is null where the present settings stay. base names the policy''s model '
    'that the study began with: under another one the recipe is not used.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reco.tuning
    FOR EACH ROW EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON reco.tuning
    FOR EACH STATEMENT EXECUTE FUNCTION reco.refuse_change();

CREATE VIEW reco.tunings AS
SELECT
    tuning.tuning_id,
    tuning.run_date,
    tuning.variant,
    tuning.study,
    tuning.trials,
    CASE
        WHEN tuning.recipe IS NULL THEN 'nothing better'
        ELSE coalesce(last.outcome, 'not judged yet')
    END AS outcome,
    CASE WHEN tuning.recipe IS NOT NULL THEN tuning.from_night END AS from_night,
    tuning.metric,
    tuning.present,
    tuning.best,
    tuning.recipe -> 'settings' AS settings,
    tuning.decided_at
FROM reco.tuning
LEFT JOIN LATERAL (
    SELECT CASE decision.kind WHEN 'promote' THEN 'promoted' WHEN 'keep' THEN 'refused' ELSE 'withdrawn' END AS outcome
    FROM reco.model_decision AS decision
    WHERE decision.variant = tuning.variant
      AND decision.kind IN ('promote', 'keep', 'rollback', 'refused')
      AND decision.metrics ->> 'tuning' = tuning.tuning_id::text
    ORDER BY decision.kind = 'keep', decision.run_date DESC, decision.decision_id DESC
    LIMIT 1
) AS last ON true;

COMMENT ON VIEW reco.tunings IS 'What each search for better settings of the model found, and what became of it.';
COMMENT ON COLUMN reco.tunings.tuning_id IS 'Its number; reco.tuning_trials has its trials.';
COMMENT ON COLUMN reco.tunings.run_date IS 'The night whose training set the settings were tried on.';
COMMENT ON COLUMN reco.tunings.variant IS 'The variant that they are for.';
COMMENT ON COLUMN reco.tunings.study IS 'The study''s name in Optuna.';
COMMENT ON COLUMN reco.tunings.trials IS 'Trials that were asked for.';
COMMENT ON COLUMN reco.tunings.outcome IS
    'nothing better; not judged yet; promoted or refused by the gate; withdrawn: people refused what had been promoted.';
COMMENT ON COLUMN reco.tunings.from_night IS 'The first night that trains with the best settings; null where the present ones stay.';
COMMENT ON COLUMN reco.tunings.metric IS 'What was compared: mean over new and over all purchases of the days before the holdout.';
COMMENT ON COLUMN reco.tunings.present IS 'The metric of the settings that were in use.';
COMMENT ON COLUMN reco.tunings.best IS 'The metric of the best ones tried.';
COMMENT ON COLUMN reco.tunings.settings IS 'The model''s settings from then on; null where the present ones stay.';
COMMENT ON COLUMN reco.tunings.decided_at IS 'When the search ended (UTC).';

CREATE VIEW reco.tuning_trials AS
SELECT
    tuning.tuning_id,
    (tried.value ->> 'trial')::integer AS trial,
    tried.value ->> 'state' AS state,
    (tried.value ->> 'value')::float8 AS value,
    tried.value -> 'settings' AS settings
FROM reco.tuning
CROSS JOIN LATERAL jsonb_array_elements(tuning.tried) AS tried;

COMMENT ON VIEW reco.tuning_trials IS 'Each trial of a search for better settings.';
COMMENT ON COLUMN reco.tuning_trials.tuning_id IS 'The search, see reco.tunings.';
COMMENT ON COLUMN reco.tuning_trials.trial IS 'Its number in the study, from 0.';
COMMENT ON COLUMN reco.tuning_trials.state IS
    'complete; pruned: stopped because it lagged behind; fail: it died or gave no finite model; running: it never ended.';
COMMENT ON COLUMN reco.tuning_trials.value IS 'The metric; of a pruned trial what it had when it was stopped.';
COMMENT ON COLUMN reco.tuning_trials.settings IS 'The settings that it tried, by <trainer>.<setting>.';

REVOKE ALL ON reco.tunings, reco.tuning_trials FROM PUBLIC;
GRANT SELECT ON reco.tunings, reco.tuning_trials TO reco_analyst;
