-- Tables of the schema reco. Analysts never see them: the views of 0003 are what they read.

CREATE TABLE reco.item (
    item_key  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id   text NOT NULL UNIQUE,
    title     text,
    category  text,
    price     double precision,
    in_stock  boolean NOT NULL DEFAULT true,
    as_of     date NOT NULL
);
COMMENT ON TABLE reco.item IS 'Item dimension, shared by all batches; lists hold item_key.';
COMMENT ON COLUMN reco.item.as_of IS 'Run date of the batch that the attributes come from; an older batch never overwrites them.';

CREATE TABLE reco.reason (
    code  smallint PRIMARY KEY,
    name  text NOT NULL UNIQUE,
    text  text NOT NULL
);
COMMENT ON TABLE reco.reason IS 'Why an item is in a list; {item} and {category} in the text stand for titles.';
INSERT INTO reco.reason (code, name, text) VALUES
    (1, 'because_of_item', 'because you had {item}'),
    (2, 'popular_in_segment', 'popular with shoppers like you'),
    (3, 'new_in_category', 'new in {category}'),
    (4, 'popular', 'popular with everybody'),
    (5, 'pinned', 'picked by the shop'),
    (6, 'taste', 'goes with your taste'),
    (7, 'in_the_shop', 'also in the shop');

CREATE SEQUENCE reco.build AS integer;
COMMENT ON SEQUENCE reco.build IS 'Numbers the builds: every load of a batch is a new one.';

CREATE TABLE reco.batch (
    batch_id       text PRIMARY KEY,
    run_date       date NOT NULL,
    variant        text NOT NULL,
    model_version  text NOT NULL,
    training_set   text,
    n_users        integer NOT NULL,
    n_rows         bigint NOT NULL,
    n_items        integer NOT NULL,
    shortfall      integer NOT NULL DEFAULT 0,
    overlap        real,
    checksum       text NOT NULL,
    positions      integer[] NOT NULL,
    metrics        jsonb NOT NULL DEFAULT '{}',
    state          text NOT NULL CHECK (state IN ('stored', 'expired')),
    build          integer UNIQUE,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((state = 'stored') = (build IS NOT NULL))
);
COMMENT ON TABLE reco.batch IS 'One row a batch; build points to its rows in shelf and popular.';
COMMENT ON COLUMN reco.batch.positions IS
    '1, 2, 3 up to the longest list. The views unnest it beside the lists: unlike generate_subscripts, which the '
    'planner takes for 1000 rows, it lets one user''s list be a plan of index lookups.';

CREATE TABLE reco.live (
    variant            text PRIMARY KEY,
    batch_id           text NOT NULL REFERENCES reco.batch,
    build              integer NOT NULL,
    since              timestamptz NOT NULL,
    previous_batch_id  text NOT NULL REFERENCES reco.batch,
    previous_build     integer NOT NULL
);
COMMENT ON TABLE reco.live IS
    'The pointer that readers join; switching a batch changes nothing else. A transaction that began before since '
    'goes on reading the previous build: its plans may be older than the new build''s partition, and its queries '
    'agree with each other.';

CREATE TABLE reco.activation (
    activation_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant            text NOT NULL,
    batch_id           text NOT NULL REFERENCES reco.batch,
    previous_batch_id  text REFERENCES reco.batch,
    activated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    activated_by       text NOT NULL DEFAULT session_user,
    kind               text NOT NULL CHECK (kind IN ('publish', 'rollback')),
    reason             text NOT NULL,
    request            text,
    UNIQUE (variant, request)
);
CREATE INDEX activation_batch ON reco.activation (batch_id, activation_id);
COMMENT ON TABLE reco.activation IS 'Append-only: which batch served which variant from when, by whom, why.';
COMMENT ON COLUMN reco.activation.request IS 'Names the rollback that was asked for: it is carried out once.';

CREATE TABLE reco.shelf (
    build         integer NOT NULL,
    user_id       text NOT NULL,
    segment       text NOT NULL,
    items         integer[] NOT NULL,
    scores        real[] NOT NULL,
    reasons       smallint[] NOT NULL,
    reason_items  integer[] NOT NULL
) PARTITION BY LIST (build);
-- Short numbers do not compress; EXTERNAL spares the attempt on lists longer than about 120 items
ALTER TABLE reco.shelf
    ALTER items SET STORAGE EXTERNAL,
    ALTER scores SET STORAGE EXTERNAL,
    ALTER reasons SET STORAGE EXTERNAL,
    ALTER reason_items SET STORAGE EXTERNAL;
COMMENT ON TABLE reco.shelf IS
    'One row a user and build: item keys in rank order, and beside them scores, reason codes and the item keys '
    'that reasons name (0: none). Each build is split by a hash of user_id into parts that are loaded side by side, each '
    'with its own unique index on user_id, made after the load.';

CREATE TABLE reco.popular (
    build     integer NOT NULL,
    segment   text NOT NULL,
    rank      integer NOT NULL,
    item_key  integer NOT NULL REFERENCES reco.item,
    score     real NOT NULL,
    PRIMARY KEY (build, segment, rank)
);
COMMENT ON TABLE reco.popular IS 'Popular items by segment and build: what those without a list of their own get.';

CREATE TABLE reco.nightly_run (
    run_date      date NOT NULL,
    variant       text NOT NULL,
    batch_id      text NOT NULL REFERENCES reco.batch,
    accounts      jsonb NOT NULL,
    published_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_date, variant)
);
COMMENT ON TABLE reco.nightly_run IS
    'One row a published night; accounts holds landed, ingested, duplicates and quarantined rows by table of the lake.';
