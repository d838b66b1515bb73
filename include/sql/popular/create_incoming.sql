CREATE TEMPORARY TABLE incoming_popular (
    segment  text NOT NULL,
    rank     integer NOT NULL,
    item_id  text NOT NULL,
    score    real NOT NULL
) ON COMMIT DROP
