-- The reasons, for analysts. A migration that inserts a row into reco.reason adds one.

CREATE VIEW reco.reasons AS
SELECT
    reason.name AS reason,
    reason.code,
    reason.text
FROM reco.reason;

COMMENT ON VIEW reco.reasons IS 'Why an item can be in a list.';
COMMENT ON COLUMN reco.reasons.reason IS 'The reason, as other views name it.';
COMMENT ON COLUMN reco.reasons.code IS 'Its number in the lake''s batches.';
COMMENT ON COLUMN reco.reasons.text IS 'What to tell the user; {item} and {category} stand for titles.';
COMMENT ON COLUMN reco.recommendations.reason IS 'Why the item is there, see reco.reasons.';
COMMENT ON COLUMN reco.recommendations_history.reason IS 'Why the item is there, see reco.reasons.';

REVOKE ALL ON reco.reasons FROM PUBLIC;
GRANT SELECT ON reco.reasons TO reco_analyst;
