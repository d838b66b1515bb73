-- An older batch never overwrites what a newer one said
UPDATE reco.item
SET
    title = incoming_item.title,
    category = incoming_item.category,
    price = incoming_item.price,
    in_stock = coalesce(incoming_item.in_stock, true),
    as_of = %(run_date)s
FROM incoming_item
WHERE item.item_id = incoming_item.item_id
  AND item.as_of <= %(run_date)s
  AND (item.title, item.category, item.price, item.in_stock) IS DISTINCT FROM
      (incoming_item.title, incoming_item.category, incoming_item.price, coalesce(incoming_item.in_stock, true))
