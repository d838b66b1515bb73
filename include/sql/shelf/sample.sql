SELECT
    shelf.user_id,
    shelf.segment,
    reco.item_ids(shelf.items) AS item_ids,
    shelf.scores::float8[] AS scores,
    shelf.reasons AS reason_codes,
    reco.item_ids(shelf.reason_items) AS reason_item_ids
FROM reco.shelf
WHERE shelf.build = %(build)s AND shelf.user_id = ANY(%(user_ids)s)
