INSERT INTO reco.batch_list (batch_id, kind, n_lists, n_full, n_rows, n_items, checksum, positions)
VALUES (
    %(batch_id)s, %(kind)s, %(n_lists)s, %(n_full)s, %(n_rows)s, %(n_items)s, %(checksum)s, %(positions)s
)
ON CONFLICT (batch_id, kind) DO UPDATE SET
    n_lists = excluded.n_lists,
    n_full = excluded.n_full,
    n_rows = excluded.n_rows,
    n_items = excluded.n_items,
    checksum = excluded.checksum,
    positions = excluded.positions
