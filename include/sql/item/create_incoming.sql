CREATE TEMPORARY TABLE incoming_item (
    item_id   text NOT NULL,
    title     text,
    category  text,
    price     double precision,
    in_stock  boolean
) ON COMMIT DROP
