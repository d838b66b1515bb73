-- What reco.trending shows where nothing trends, as in a shop's first week.

COMMENT ON VIEW reco.trending IS
'What sells more than the same weekdays brought before; where nothing does, the best sellers of the last days.';
COMMENT ON FUNCTION reco.trending IS
'What sells more than the same weekdays brought before; where nothing does, the best sellers of the last days. '
'The first n entries of one list.';
COMMENT ON COLUMN reco.trending.expected IS
'Buyers that the same weekdays of earlier weeks had on average; 0 where there is no such week yet.';
