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
ORDER_ID = "order_id"

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
ABSENT = "absent"
UPDATED_TS = "updated_ts"

# The landing zone and the lake
SUCCESS_MARKER = "_SUCCESS"
INGEST_DATE = "ingest_date"
SOURCE_FILE = "source_file"
RECORD = "record"
ELEMENT = "element"
REASONS = "reasons"
RAW = "raw"

# Training sets
WEIGHT = "weight"
EARLY, BEFORE, ALL = PERIODS = ("early", "before", "all")
N = "n"
N_AFTER_EARLY = "n_after_early"
N_AFTER = "n_after"
BOUGHT_ON = "bought_on"
CARTED_ON = "carted_on"
VIEWED_ON = "viewed_on"
FEATURE = "feature"
FIRST_SEEN_ON = "first_seen_on"
POPULARITY = "popularity"

# Sales
OTHER_INDEX = "other_index"
SUPPORT = "support"
LIFT = "lift"
OBSERVED = "observed"
EXPECTED = "expected"
GROWTH = "growth"
DUE_ON = "due_on"
PURCHASES = "purchases"
SOLD = "sold"
DAYS_UNTIL_DUE = "days_until_due"
DAYS_SINCE = "days_since"
OTHER_ITEM_ID = "other_item_id"

# Batches (one row a list, arrays in rank order)
ITEM_IDS = "item_ids"
SCORES = "scores"
REASON_CODES = "reason_codes"
REASON_ITEM_IDS = "reason_item_ids"
USER_IDS = "user_ids"
SCOPE = "scope"
SIMILAR_ITEM_ID = "similar_item_id"
PLACEMENT = "placement"
SUBJECT = "subject"
VALUE = "value"
RANK = "rank"
SCORE = "score"

# The segment of those whose segment is unknown, and of everybody together
EVERYBODY = "everybody"


def of_period(name: str, period: str) -> str:
    """Return what a training set calls the column `name` of a period; a day without a period's name is of all."""
    return name if period == ALL and name in (BOUGHT_ON, CARTED_ON, VIEWED_ON) else f"{name}_{period}"
