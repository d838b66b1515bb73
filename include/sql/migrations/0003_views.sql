-- What analysts read. Each view takes the build from reco.serving, that is from reco.live, so that one updated row switches all of them.
--
-- The lists are unnested in the select list of a lateral subquery on purpose: such a subquery is executed once
-- per live batch, with the build as its parameter, so only that build's partition is opened; a condition on
-- user_id is still pushed down to its index, and a full scan streams.

CREATE VIEW reco.serving AS
SELECT
    live.variant,
    CASE WHEN transaction_timestamp() >= live.since THEN live.batch_id ELSE live.previous_batch_id END AS batch_id,
    CASE WHEN transaction_timestamp() >= live.since THEN live.build ELSE live.previous_build END AS build
FROM reco.live;
COMMENT ON VIEW reco.serving IS 'Not for analysts: which build this transaction reads, see reco.live.';

CREATE VIEW reco.recommendations AS
SELECT
    listed.user_id,
    listed.rank,
    item.item_id,
    item.title,
    item.category,
    listed.score,
    reason.name AS reason,
    reason_item.item_id AS reason_item_id,
    serving.variant,
    batch.model_version,
    batch.batch_id,
    batch.run_date
FROM reco.serving
INNER JOIN reco.batch ON batch.batch_id = serving.batch_id
CROSS JOIN LATERAL (
    SELECT
        shelf.user_id,
        unnest(batch.positions[:cardinality(shelf.items)]) AS rank,
        unnest(shelf.items) AS item_key,
        unnest(shelf.scores) AS score,
        unnest(shelf.reasons) AS reason_code,
        unnest(shelf.reason_items) AS reason_item_key
    FROM reco.shelf
    WHERE shelf.build = serving.build
) AS listed
LEFT JOIN reco.item ON item.item_key = listed.item_key
LEFT JOIN reco.reason ON reason.code = listed.reason_code
LEFT JOIN reco.item AS reason_item ON reason_item.item_key = listed.reason_item_key;

COMMENT ON VIEW reco.recommendations IS
    'The live lists: one row a user and rank. Filter by user_id to get one list by an index lookup.';
COMMENT ON COLUMN reco.recommendations.user_id IS 'The shop''s own identifier of the user.';
COMMENT ON COLUMN reco.recommendations.rank IS 'Position in the list, 1 is the best.';
COMMENT ON COLUMN reco.recommendations.item_id IS 'The shop''s own identifier of the recommended item.';
COMMENT ON COLUMN reco.recommendations.title IS 'Title of the item, as of the newest night that went live.';
COMMENT ON COLUMN reco.recommendations.category IS 'Category of the item; null when the shop gave none.';
COMMENT ON COLUMN reco.recommendations.score IS
    'The model''s score, without unit: higher is better, comparable within one user''s list only.';
COMMENT ON COLUMN reco.recommendations.reason IS
    'Why it is there: because_of_item, new_in_category, popular_in_segment, popular, taste, in_the_shop or pinned.';
COMMENT ON COLUMN reco.recommendations.reason_item_id IS
    'For because_of_item: the item of the user''s history that contributes most; otherwise null.';
COMMENT ON COLUMN reco.recommendations.variant IS 'The variant that serves this list; main unless configured otherwise.';
COMMENT ON COLUMN reco.recommendations.model_version IS
    'Version in the model registry that scored the list; popularity when there was no model.';
COMMENT ON COLUMN reco.recommendations.batch_id IS 'The batch: its run date and a fingerprint of everything it was made from.';
COMMENT ON COLUMN reco.recommendations.run_date IS 'The night''s run date: the last day of data that the list knows (UTC).';

CREATE VIEW reco.recommendations_history AS
SELECT
    listed.user_id,
    listed.rank,
    item.item_id,
    item.title,
    item.category,
    listed.score,
    reason.name AS reason,
    reason_item.item_id AS reason_item_id,
    batch.variant,
    batch.model_version,
    batch.batch_id,
    batch.run_date
FROM reco.batch
CROSS JOIN LATERAL (
    SELECT
        shelf.user_id,
        unnest(batch.positions[:cardinality(shelf.items)]) AS rank,
        unnest(shelf.items) AS item_key,
        unnest(shelf.scores) AS score,
        unnest(shelf.reasons) AS reason_code,
        unnest(shelf.reason_items) AS reason_item_key
    FROM reco.shelf
    WHERE shelf.build = batch.build
) AS listed
LEFT JOIN reco.item ON item.item_key = listed.item_key
LEFT JOIN reco.reason ON reason.code = listed.reason_code
LEFT JOIN reco.item AS reason_item ON reason_item.item_key = listed.reason_item_key
WHERE batch.state = 'stored';

COMMENT ON VIEW reco.recommendations_history IS
    'The lists of every stored batch, the live one included. Filter by batch_id or run_date, and by user_id.';
COMMENT ON COLUMN reco.recommendations_history.user_id IS 'The shop''s own identifier of the user.';
COMMENT ON COLUMN reco.recommendations_history.rank IS 'Position in the list, 1 is the best.';
COMMENT ON COLUMN reco.recommendations_history.item_id IS 'The shop''s own identifier of the recommended item.';
COMMENT ON COLUMN reco.recommendations_history.title IS 'Title of the item, as of the newest night that went live.';
COMMENT ON COLUMN reco.recommendations_history.category IS 'Category of the item; null when the shop gave none.';
COMMENT ON COLUMN reco.recommendations_history.score IS
    'The model''s score, without unit: higher is better, comparable within one user''s list only.';
COMMENT ON COLUMN reco.recommendations_history.reason IS
    'Why it is there: because_of_item, new_in_category, popular_in_segment, popular, taste, in_the_shop or pinned.';
COMMENT ON COLUMN reco.recommendations_history.reason_item_id IS
    'For because_of_item: the item of the user''s history that contributes most; otherwise null.';
COMMENT ON COLUMN reco.recommendations_history.variant IS 'The variant that the batch was made for.';
COMMENT ON COLUMN reco.recommendations_history.model_version IS
    'Version in the model registry that scored the list; popularity when there was no model.';
COMMENT ON COLUMN reco.recommendations_history.batch_id IS
    'The batch: its run date and a fingerprint of everything it was made from.';
COMMENT ON COLUMN reco.recommendations_history.run_date IS
    'The night''s run date: the last day of data that the list knows (UTC).';

CREATE VIEW reco.popular_items AS
SELECT
    popular.segment,
    popular.rank,
    item.item_id,
    item.title,
    item.category,
    popular.score,
    serving.variant,
    batch.batch_id,
    batch.run_date
FROM reco.serving
INNER JOIN reco.batch ON batch.batch_id = serving.batch_id
INNER JOIN reco.popular ON popular.build = serving.build
LEFT JOIN reco.item ON item.item_key = popular.item_key;

COMMENT ON VIEW reco.popular_items IS 'What the live batch offers to somebody unknown, by segment.';
COMMENT ON COLUMN reco.popular_items.segment IS 'The users'' segment, a country or so; everybody is all of them together.';
COMMENT ON COLUMN reco.popular_items.rank IS 'Position, 1 is the most popular.';
COMMENT ON COLUMN reco.popular_items.item_id IS 'The shop''s own identifier of the item.';
COMMENT ON COLUMN reco.popular_items.title IS 'Title of the item, as of the newest night that went live.';
COMMENT ON COLUMN reco.popular_items.category IS 'Category of the item; null when the shop gave none.';
COMMENT ON COLUMN reco.popular_items.score IS
    'Recent buyers in the segment, and a fraction that keeps ties apart; comparable within one segment only.';
COMMENT ON COLUMN reco.popular_items.variant IS 'The variant that serves this list; main unless configured otherwise.';
COMMENT ON COLUMN reco.popular_items.batch_id IS 'The live batch.';
COMMENT ON COLUMN reco.popular_items.run_date IS 'The night''s run date: the last day of data that the list knows (UTC).';

CREATE VIEW reco.model_decisions AS
SELECT
    model_decision.run_date,
    model_decision.variant,
    model_decision.kind AS decision,
    model_decision.model_version,
    model_decision.incumbent,
    model_decision.reasons,
    model_decision.metrics,
    model_decision.fingerprint,
    model_decision.decided_at
FROM reco.model_decision;

COMMENT ON VIEW reco.model_decisions IS 'What the gate decided each night and people decided later, and why. Rows are never changed.';
COMMENT ON COLUMN reco.model_decisions.run_date IS 'The night''s run date.';
COMMENT ON COLUMN reco.model_decisions.variant IS 'The variant that the model was trained for.';
COMMENT ON COLUMN reco.model_decisions.decision IS
    'promote: the challenger became champion; keep: it did not; rollback: people went to the model of a kept batch; '
    'refused: people refused a rollback.';
COMMENT ON COLUMN reco.model_decisions.model_version IS
    'Version in the model registry: the challenger''s, or the one that serves after a rollback.';
COMMENT ON COLUMN reco.model_decisions.incumbent IS 'The champion''s version before the decision; null when there was none.';
COMMENT ON COLUMN reco.model_decisions.reasons IS 'Why, one sentence an element.';
COMMENT ON COLUMN reco.model_decisions.metrics IS
    'The metrics compared, as JSON: shares between 0 and 1 on the same users and items for everyone.';
COMMENT ON COLUMN reco.model_decisions.fingerprint IS
    'Names the evaluation that the decision rests on, or the request for a rollback.';
COMMENT ON COLUMN reco.model_decisions.decided_at IS 'When the decision was recorded (UTC).';

CREATE VIEW reco.batches AS
SELECT
    batch.batch_id,
    batch.run_date,
    batch.variant,
    batch.model_version,
    batch.n_users AS users,
    batch.n_rows AS recommendations,
    batch.n_items AS items,
    batch.shortfall,
    batch.overlap,
    batch.checksum,
    batch.metrics,
    batch.state,
    serving.batch_id IS NOT NULL AS is_live,
    latest.activated_at,
    batch.created_at
FROM reco.batch
LEFT JOIN reco.serving ON serving.batch_id = batch.batch_id AND serving.variant = batch.variant
LEFT JOIN LATERAL (
    SELECT max(activation.activated_at) AS activated_at
    FROM reco.activation
    WHERE activation.batch_id = batch.batch_id
) AS latest ON true;

COMMENT ON VIEW reco.batches IS 'Every batch that was ever published, and which one is live.';
COMMENT ON COLUMN reco.batches.batch_id IS 'The batch: its run date and a fingerprint of everything it was made from.';
COMMENT ON COLUMN reco.batches.run_date IS 'The night''s run date.';
COMMENT ON COLUMN reco.batches.variant IS 'The variant that the batch was made for.';
COMMENT ON COLUMN reco.batches.model_version IS 'Version in the model registry that scored it.';
COMMENT ON COLUMN reco.batches.users IS 'Number of users with a list of their own.';
COMMENT ON COLUMN reco.batches.recommendations IS 'Number of list entries, over all users.';
COMMENT ON COLUMN reco.batches.items IS 'Number of different items in the lists.';
COMMENT ON COLUMN reco.batches.shortfall IS 'Number of users whose list is shorter than configured.';
COMMENT ON COLUMN reco.batches.overlap IS
    'Share of the list entries that the batch live before also gave the same users, on a sample; null for the first.';
COMMENT ON COLUMN reco.batches.checksum IS
    'Checksum of all lists, 16 hex digits: equal content gives the same one, see the data dictionary.';
COMMENT ON COLUMN reco.batches.metrics IS 'The model''s headline metrics on held-out days, as JSON.';
COMMENT ON COLUMN reco.batches.state IS 'stored: can be read and rolled back to; expired: the rows were dropped.';
COMMENT ON COLUMN reco.batches.is_live IS 'True for the batch that readers see.';
COMMENT ON COLUMN reco.batches.activated_at IS 'When it went live last (UTC); null when it never did.';
COMMENT ON COLUMN reco.batches.created_at IS 'When its rows were first stored (UTC).';

CREATE VIEW reco.activations AS
SELECT
    activation.activation_id,
    activation.variant,
    activation.batch_id,
    activation.previous_batch_id,
    activation.activated_at,
    activation.activated_by,
    activation.kind,
    activation.reason
FROM reco.activation;

COMMENT ON VIEW reco.activations IS 'Which batch served which variant from when, by whom and why. Rows are never changed.';
COMMENT ON COLUMN reco.activations.activation_id IS 'Number of the activation, ascending in time.';
COMMENT ON COLUMN reco.activations.variant IS 'The variant that was switched.';
COMMENT ON COLUMN reco.activations.batch_id IS 'The batch that readers see from then on.';
COMMENT ON COLUMN reco.activations.previous_batch_id IS 'The batch that they saw before; null the first time.';
COMMENT ON COLUMN reco.activations.activated_at IS 'When it was switched (UTC).';
COMMENT ON COLUMN reco.activations.activated_by IS 'Who switched it: the name given to a rollback, else the database login.';
COMMENT ON COLUMN reco.activations.kind IS 'publish: a night did it; rollback: somebody went to a kept batch.';
COMMENT ON COLUMN reco.activations.reason IS 'Why.';

CREATE VIEW reco.nightly_runs AS
SELECT
    nightly_run.run_date,
    nightly_run.variant,
    counted.landed,
    counted.ingested,
    counted.duplicates,
    counted.quarantined,
    (nightly_run.accounts -> 'events' ->> 'landed')::bigint AS events_landed,
    (nightly_run.accounts -> 'events' ->> 'ingested')::bigint AS events_ingested,
    (nightly_run.accounts -> 'events' ->> 'duplicates')::bigint AS events_duplicates,
    (nightly_run.accounts -> 'events' ->> 'quarantined')::bigint AS events_quarantined,
    batch.n_users AS users,
    batch.n_items AS items,
    batch.n_rows AS recommendations,
    batch.shortfall,
    decided.kind AS decision,
    decided.reasons AS decision_reasons,
    batch.model_version,
    batch.metrics,
    nightly_run.batch_id,
    serving.batch_id IS NOT NULL AS is_live,
    nightly_run.published_at
FROM reco.nightly_run
INNER JOIN reco.batch ON batch.batch_id = nightly_run.batch_id
LEFT JOIN reco.serving ON serving.batch_id = nightly_run.batch_id AND serving.variant = nightly_run.variant
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum((account.value ->> 'landed')::bigint), 0)::bigint AS landed,
        coalesce(sum((account.value ->> 'ingested')::bigint), 0)::bigint AS ingested,
        coalesce(sum((account.value ->> 'duplicates')::bigint), 0)::bigint AS duplicates,
        coalesce(sum((account.value ->> 'quarantined')::bigint), 0)::bigint AS quarantined
    FROM jsonb_each(nightly_run.accounts) AS account
) AS counted
LEFT JOIN LATERAL (
    SELECT model_decision.kind, model_decision.reasons
    FROM reco.model_decision
    WHERE model_decision.run_date = nightly_run.run_date
      AND model_decision.variant = nightly_run.variant
      AND model_decision.kind IN ('promote', 'keep')
    ORDER BY model_decision.decision_id DESC
    LIMIT 1
) AS decided ON true;

COMMENT ON VIEW reco.nightly_runs IS 'One row a published night: what came in, what was decided, what went out.';
COMMENT ON COLUMN reco.nightly_runs.run_date IS 'The night''s run date: the day of data that it took in.';
COMMENT ON COLUMN reco.nightly_runs.variant IS 'The variant that it published.';
COMMENT ON COLUMN reco.nightly_runs.landed IS
    'Rows delivered for the day, events, items and users together: ingested + duplicates + quarantined.';
COMMENT ON COLUMN reco.nightly_runs.ingested IS 'Rows that entered the lake.';
COMMENT ON COLUMN reco.nightly_runs.duplicates IS 'Rows left out because the same key came before on that day.';
COMMENT ON COLUMN reco.nightly_runs.quarantined IS 'Rows set aside because they break the contract.';
COMMENT ON COLUMN reco.nightly_runs.events_landed IS 'Of landed: events.';
COMMENT ON COLUMN reco.nightly_runs.events_ingested IS 'Of ingested: events.';
COMMENT ON COLUMN reco.nightly_runs.events_duplicates IS 'Of duplicates: events.';
COMMENT ON COLUMN reco.nightly_runs.events_quarantined IS 'Of quarantined: events.';
COMMENT ON COLUMN reco.nightly_runs.users IS 'Number of users with a list of their own.';
COMMENT ON COLUMN reco.nightly_runs.items IS 'Number of different items in the lists.';
COMMENT ON COLUMN reco.nightly_runs.recommendations IS 'Number of list entries, over all users.';
COMMENT ON COLUMN reco.nightly_runs.shortfall IS 'Number of users whose list is shorter than configured.';
COMMENT ON COLUMN reco.nightly_runs.decision IS 'The gate''s decision of that night: promote or keep; null when it took none.';
COMMENT ON COLUMN reco.nightly_runs.decision_reasons IS 'Why, one sentence an element.';
COMMENT ON COLUMN reco.nightly_runs.model_version IS 'Version in the model registry that scored the night''s batch.';
COMMENT ON COLUMN reco.nightly_runs.metrics IS 'The model''s headline metrics on held-out days, as JSON.';
COMMENT ON COLUMN reco.nightly_runs.batch_id IS 'The batch that the night published.';
COMMENT ON COLUMN reco.nightly_runs.is_live IS 'True when readers see that batch now.';
COMMENT ON COLUMN reco.nightly_runs.published_at IS 'When the night was published first (UTC).';
