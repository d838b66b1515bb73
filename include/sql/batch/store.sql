INSERT INTO reco.batch (
    batch_id, run_date, variant, model_version, training_set, n_users, n_rows, n_items, shortfall, overlap, checksum,
    positions, metrics, state, build
)
VALUES (
    %(batch_id)s, %(run_date)s, %(variant)s, %(model_version)s, %(training_set)s, %(n_users)s, %(n_rows)s,
    %(n_items)s, %(shortfall)s, %(overlap)s, %(checksum)s, %(positions)s, %(metrics)s, 'stored', %(build)s
)
ON CONFLICT (batch_id) DO UPDATE SET
    model_version = excluded.model_version,
    training_set = excluded.training_set,
    n_users = excluded.n_users,
    n_rows = excluded.n_rows,
    n_items = excluded.n_items,
    shortfall = excluded.shortfall,
    overlap = excluded.overlap,
    checksum = excluded.checksum,
    positions = excluded.positions,
    metrics = excluded.metrics,
    state = excluded.state,
    build = excluded.build
