SELECT build, n_rows FROM reco.batch WHERE batch_id = %(batch_id)s AND state = 'stored'
