-- The drift watch: what it saw on each day, what it decided, and what became of it.

CREATE TABLE reco.drift_report (
    day            date NOT NULL,
    variant        text NOT NULL,
    batch_id       text NOT NULL REFERENCES reco.batch,
    model_version  text NOT NULL,
    verdict        text NOT NULL CHECK (verdict IN ('nothing', 'retrain', 'rollback', 'hold')),
    automatic      boolean NOT NULL,
    target         text,
    since          date,
    reasons        text[] NOT NULL,
    signals        jsonb NOT NULL,
    report         text NOT NULL,
    decided_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (variant, day)
);
COMMENT ON TABLE reco.drift_report IS 'Append-only: one verdict a day and variant. The first one stands.';

CREATE TABLE reco.drift_outcome (
    outcome_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day          date NOT NULL,
    variant      text NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('done', 'asked', 'nothing to do', 'held', 'failed')),
    detail       text NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (variant, day) REFERENCES reco.drift_report (variant, day)
);
CREATE INDEX drift_outcome_day ON reco.drift_outcome (variant, day, outcome_id);
COMMENT ON TABLE reco.drift_outcome IS 'Append-only: what became of a verdict; a failed one can be followed by one that was done.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reco.drift_report
    FOR EACH ROW EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON reco.drift_report
    FOR EACH STATEMENT EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reco.drift_outcome
    FOR EACH ROW EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON reco.drift_outcome
    FOR EACH STATEMENT EXECUTE FUNCTION reco.refuse_change();

-- Verdicts about models stand with the other decisions about them
ALTER TABLE reco.model_decision DROP CONSTRAINT model_decision_kind_check;
ALTER TABLE reco.model_decision ADD CONSTRAINT model_decision_kind_check
    CHECK (kind IN ('promote', 'keep', 'rollback', 'refused', 'retrain', 'hold'));

CREATE VIEW reco.drift_reports AS
SELECT
    drift_report.day,
    drift_report.variant,
    drift_report.batch_id,
    drift_report.model_version,
    drift_report.verdict,
    drift_report.reasons,
    drift_report.target,
    latest.outcome,
    latest.detail AS outcome_detail,
    (drift_report.signals #>> '{data,rows}')::bigint AS events,
    (drift_report.signals #>> '{data,volume}')::double precision AS volume,
    (drift_report.signals #>> '{comparison,pairs}')::bigint AS pairs,
    (drift_report.signals #>> '{comparison,live,hits}')::bigint AS hits,
    (drift_report.signals #>> '{comparison,popularity,hits}')::bigint AS popular_hits,
    (drift_report.signals #>> '{comparison,previous,hits}')::bigint AS previous_hits,
    (drift_report.signals #>> '{purchases,pairs}')::bigint AS purchases,
    (drift_report.signals #>> '{purchases,live,hits}')::bigint AS purchases_on_shelf,
    drift_report.signals,
    drift_report.report,
    drift_report.decided_at
FROM reco.drift_report
LEFT JOIN LATERAL (
    SELECT drift_outcome.outcome, drift_outcome.detail
    FROM reco.drift_outcome
    WHERE drift_outcome.variant = drift_report.variant AND drift_outcome.day = drift_report.day
    ORDER BY drift_outcome.outcome_id DESC
    LIMIT 1
) AS latest ON true;

COMMENT ON VIEW reco.drift_reports IS 'What the drift watch saw on each day, what it decided, and what became of it.';
COMMENT ON COLUMN reco.drift_reports.day IS 'The day on which the batch was served, and by whose events it is judged (UTC).';
COMMENT ON COLUMN reco.drift_reports.variant IS 'The variant that was served.';
COMMENT ON COLUMN reco.drift_reports.batch_id IS 'The batch that readers saw on that day.';
COMMENT ON COLUMN reco.drift_reports.model_version IS 'Version in the model registry that scored it.';
COMMENT ON COLUMN reco.drift_reports.verdict IS 'nothing, retrain, rollback, or hold: the feed was broken, nobody acts on such data.';
COMMENT ON COLUMN reco.drift_reports.reasons IS 'Why, one sentence an element, the decisive ones first.';
COMMENT ON COLUMN reco.drift_reports.target IS 'For a rollback: the batch to go back to; otherwise null.';
COMMENT ON COLUMN reco.drift_reports.outcome IS
    'What became of it last: done, asked (people were), nothing to do, held or failed; null before the audit.';
COMMENT ON COLUMN reco.drift_reports.outcome_detail IS 'The outcome in words.';
COMMENT ON COLUMN reco.drift_reports.events IS 'Events of the day.';
COMMENT ON COLUMN reco.drift_reports.volume IS 'Events relative to what that weekday usually has; null without a reference.';
COMMENT ON COLUMN reco.drift_reports.pairs IS 'New pairs of a user and an item: somebody turned to something not bought before.';
COMMENT ON COLUMN reco.drift_reports.hits IS 'Of pairs: those whose item was on the user''s shelf.';
COMMENT ON COLUMN reco.drift_reports.popular_hits IS 'Of pairs: those whose item was popular, as everybody''s list would have had it.';
COMMENT ON COLUMN reco.drift_reports.previous_hits IS
    'Of pairs: those that the batch to which a rollback would lead had on the shelf; null when there was none.';
COMMENT ON COLUMN reco.drift_reports.purchases IS 'Purchases of something that the user had not bought before.';
COMMENT ON COLUMN reco.drift_reports.purchases_on_shelf IS 'Of purchases: those that were on the user''s shelf.';
COMMENT ON COLUMN reco.drift_reports.signals IS 'Everything that the verdict rests on, as JSON.';
COMMENT ON COLUMN reco.drift_reports.report IS 'URI of the day''s page with plots.';
COMMENT ON COLUMN reco.drift_reports.decided_at IS 'When the verdict was recorded (UTC).';

REVOKE ALL ON reco.drift_report, reco.drift_outcome, reco.drift_reports FROM PUBLIC;
GRANT SELECT ON reco.drift_reports TO reco_analyst;
