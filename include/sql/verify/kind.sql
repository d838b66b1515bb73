SELECT {key}, {scope_text}, {member_name}, score::float8, reasons.code, reason_item_id
FROM reco.{view}
LEFT JOIN reco.reasons ON reasons.reason = {view}.reason
WHERE variant = %(variant)s AND {key} = ANY(%(keys)s)
ORDER BY {key}, rank
