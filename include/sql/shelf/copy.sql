COPY reco.{partition} (build, user_id, segment, items, scores, reasons, reason_items)
FROM STDIN WITH (FORMAT binary, FREEZE)
