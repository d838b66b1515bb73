-- What the night's sales tables become: three more kinds of lists. Each entry of these, and of best_sellers, has the
-- reason of its kind.

INSERT INTO reco.reason (code, name, text) VALUES
    (10, 'bought_together', 'often bought with {item}'),
    (11, 'trending', 'sells more than usual'),
    (12, 'best_seller', 'a best seller'),
    (13, 'due_again', 'time to buy it again');

SELECT reco.add_list_kind(
    'bought_together', key => 'item_id', member_name => 'other_item_id',
    about => 'For each item what is bought together with it more often than by chance.',
    key_text => 'The shop''s own identifier of the item.', figures => '{support,lift}',
    figure_texts => ARRAY[
        'Baskets that hold both.',
        'Shared baskets over those that chance would give, recent ones counting more and few shrunk towards 1.'
    ]
);
SELECT reco.add_list_kind(
    'trending', key => 'category', scope => 'segment', key_default => '', scope_default => 'everybody',
    about => 'What sells more than the same weekdays of earlier weeks brought, against the shop as a whole.',
    key_text => 'The category; empty: all of them.', scope_text => 'The users'' segment; everybody is all of them.',
    figures => '{sold,expected}',
    figure_texts => ARRAY['Buyers of the last days.', 'Buyers that the same weekdays of earlier weeks had on average.']
);
SELECT reco.add_list_kind(
    'buy_again', key => 'user_id', about => 'Users'' own items that they are due to buy again.',
    key_text => 'The shop''s own identifier of the user.', figures => '{purchases,days_until_due}',
    figure_texts => ARRAY[
        'Days on which the user bought it.',
        'Days from the run date until the usual gap is over, by the user''s and the item''s own rhythm; negative: it is.'
    ]
);
