COPY incoming_item (item_id, title, category, price, in_stock) FROM STDIN WITH (FORMAT csv)
