"""Every column name, once.

External identifiers (`USER_ID`, text, the shop's own) and internal row numbers
(`USER_INDEX`, int32, positions in a training set) never share a name.
"""

# Tables of the contract
EVENTS = "events"
ITEMS = "items"
USERS = "users"
TABLES = (EVENTS, ITEMS, USERS)

# Identifiers
USER_ID = "user_id"
ITEM_ID = "item_id"
EVENT_ID = "event_id"
USER_INDEX = "user_index"
ITEM_INDEX = "item_index"

# events
EVENT_TYPE = "event_type"
EVENT_TS = "event_ts"
QUANTITY = "quantity"
PURCHASE = "purchase"
CART = "cart"
VIEW = "view"
RETURN = "return"
EVENT_TYPES = (VIEW, CART, PURCHASE, RETURN)
PRICE = "price"

# items
TITLE = "title"
CATEGORY = "category"
IN_STOCK = "in_stock"
LAUNCHED_ON = "launched_on"

# users
SEGMENT = "segment"
SIGNED_UP_ON = "signed_up_on"

# items and users
ATTRIBUTES = "attributes"
UPDATED_TS = "updated_ts"

# The landing zone and the lake
SUCCESS_MARKER = "_SUCCESS"
INGEST_DATE = "ingest_date"
SOURCE_FILE = "source_file"
RECORD = "record"
REASONS = "reasons"
RAW = "raw"

# Training sets
WEIGHT_BEFORE = "weight_before"
WEIGHT_ALL = "weight_all"
N_BEFORE = "n_before"
N_AFTER = "n_after"
BOUGHT_ON = "bought_on"
CARTED_ON = "carted_on"
VIEWED_ON = "viewed_on"
FEATURE = "feature"
WEIGHT = "weight"
FIRST_SEEN_ON = "first_seen_on"
POPULARITY_BEFORE = "popularity_before"
POPULARITY_ALL = "popularity_all"
SCORE_BEFORE = "score_before"
SCORE_ALL = "score_all"

# Batches (one row a user, arrays in rank order)
ITEM_IDS = "item_ids"
SCORES = "scores"
REASON_CODES = "reason_codes"
REASON_ITEM_IDS = "reason_item_ids"
RANK = "rank"
SCORE = "score"

# The segment of those whose segment is unknown, and of everybody together
EVERYBODY = "everybody"
