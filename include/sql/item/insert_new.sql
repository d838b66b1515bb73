INSERT INTO reco.item (item_id, title, category, price, in_stock, as_of)
SELECT
    incoming_item.item_id,
    incoming_item.title,
    incoming_item.category,
    incoming_item.price,
    coalesce(incoming_item.in_stock, true),
    %(run_date)s
FROM incoming_item
WHERE NOT EXISTS (SELECT FROM reco.item WHERE item.item_id = incoming_item.item_id)
ORDER BY incoming_item.item_id
ON CONFLICT (item_id) DO NOTHING
