SELECT user_id
FROM reco.recommendations
WHERE rank <= 5
GROUP BY user_id
ORDER BY count(*) FILTER (WHERE reason = 'because_of_item') DESC, user_id
LIMIT 1
