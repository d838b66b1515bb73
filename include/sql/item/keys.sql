SELECT item_id, item_key FROM reco.item
