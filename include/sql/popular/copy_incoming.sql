COPY incoming_popular (segment, rank, item_id, score) FROM STDIN WITH (FORMAT csv)
