-- What must never be changed afterwards: decisions and activations.

CREATE TABLE reco.model_decision (
    decision_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_date       date NOT NULL,
    variant        text NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('promote', 'keep', 'rollback', 'refused')),
    model_version  text NOT NULL,
    incumbent      text,
    reasons        text[] NOT NULL,
    metrics        jsonb NOT NULL,
    fingerprint    text NOT NULL,
    decided_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (variant, run_date, model_version, fingerprint)
);
CREATE INDEX model_decision_promoted ON reco.model_decision (variant, run_date, decision_id) WHERE kind IN ('promote', 'rollback');
COMMENT ON TABLE reco.model_decision IS 'Append-only: what the gate and people decided about models, and why.';

CREATE FUNCTION reco.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'reco.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'Record a new row instead.';
END
$$;
COMMENT ON FUNCTION reco.refuse_change IS 'Trigger of the append-only tables.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reco.model_decision
    FOR EACH ROW EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON reco.model_decision
    FOR EACH STATEMENT EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reco.activation
    FOR EACH ROW EXECUTE FUNCTION reco.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON reco.activation
    FOR EACH STATEMENT EXECUTE FUNCTION reco.refuse_change();
