"""The words of the shop: what it sells, who makes it, where its customers live and come from.

Everything here is invented. A title is `<material> <thing>, <variant>`.
"""

from __future__ import annotations

from typing import NamedTuple


class Category(NamedTuple):
    """One shelf of the shop.

    Attributes
    ----------
    price
        Median price.
    share
        Relative number of items.
    consumable
        Whether people buy the same thing again once it is used up.
    peak
        Day of the year (0 to 364) on which it sells best.
    """

    name: str
    price: float
    share: float
    consumable: bool
    peak: int
    materials: tuple[str, ...]
    things: tuple[str, ...]
    variants: tuple[str, ...]


COLOURS = ("sage", "ochre", "ink", "chalk", "rust", "plum", "slate", "moss", "sand", "rose", "teal", "charcoal")
SCENTS = ("fig", "cedar", "rain", "lavender", "amber", "sea salt", "wild rose", "wood smoke", "mint", "orange peel")
SIZES = ("small", "medium", "large", "set of two", "tall", "extra large")

CATEGORIES = (
    Category(
        "Textiles", 34.0, 1.3, False, 320,
        ("Linen", "Cotton", "Wool", "Velvet", "Mohair", "Waffle"),
        ("cushion", "throw", "tea towel", "bedspread", "napkin set", "table runner"), COLOURS,
    ),
    Category(
        "Candles", 16.0, 1.0, True, 345,
        ("Beeswax", "Soy", "Rapeseed", "Hand-poured", "Layered", "Botanical"),
        ("candle", "tealights", "taper pair", "jar candle", "pillar candle", "travel candle"), SCENTS,
    ),
    Category(
        "Ceramics", 26.0, 1.2, False, 330,
        ("Stoneware", "Porcelain", "Speckled", "Glazed", "Terracotta", "Hand-thrown"),
        ("mug", "bowl", "plate", "vase", "jug", "teapot"), COLOURS,
    ),
    Category(
        "Tea and coffee", 12.0, 0.9, True, 15,
        ("First-flush", "Smoky", "Single-estate", "Organic", "Slow-roast", "Spiced"),
        ("Assam", "oolong", "green tea", "espresso", "filter coffee", "chai"),
        ("100 g", "250 g", "500 g", "tin", "refill", "sampler"),
    ),
    Category(
        "Bath", 11.0, 0.9, True, 60,
        ("Olive", "Oat", "Charcoal", "Honey", "Sea-salt", "Rosemary"),
        ("soap", "hand wash", "bath salts", "shampoo bar", "body oil", "hand cream"), SCENTS,
    ),
    Category(
        "Kitchen", 38.0, 1.2, False, 300,
        ("Walnut", "Olive-wood", "Cast-iron", "Copper", "Enamel", "Steel"),
        ("board", "spoon", "pan", "canister", "tray", "mortar"), SIZES,
    ),
    Category(
        "Stationery", 14.0, 1.0, False, 240,
        ("Recycled", "Dotted", "Leather-bound", "Marbled", "Pocket", "Cloth-bound"),
        ("notebook", "planner", "sketchbook", "letter set", "card set", "folder"), COLOURS,
    ),
    Category(
        "Prints", 24.0, 0.9, False, 290,
        ("Botanical", "Coastal", "Woodland", "City", "Abstract", "Celestial"),
        ("print", "poster", "postcard set", "calendar", "map", "etching"),
        ("A5", "A4", "A3", "framed", "mounted", "numbered"),
    ),
    Category(
        "Lighting", 62.0, 0.7, False, 310,
        ("Brass", "Paper", "Rattan", "Glass", "Ceramic", "Oak"),
        ("table lamp", "pendant", "reading light", "lantern", "night light", "string lights"), COLOURS,
    ),
    Category(
        "Garden", 28.0, 1.0, False, 130,
        ("Galvanised", "Terracotta", "Willow", "Hazel", "Slate", "Zinc"),
        ("planter", "watering can", "trellis", "bird feeder", "seed tin", "hanging pot"), SIZES,
    ),
    Category(
        "Toys", 19.0, 1.0, False, 350,
        ("Wooden", "Felt", "Knitted", "Painted", "Paper", "Tin"),
        ("train", "puzzle", "rabbit", "kite", "building blocks", "mobile"), COLOURS,
    ),
    Category(
        "Bags", 48.0, 0.8, False, 200,
        ("Canvas", "Waxed", "Leather", "Denim", "Striped", "Quilted"),
        ("tote", "satchel", "backpack", "pouch", "weekender", "lunch bag"), COLOURS,
    ),
    Category(
        "Jewellery", 42.0, 0.8, False, 40,
        ("Silver", "Gold-plated", "Pearl", "Moonstone", "Enamelled", "Hammered"),
        ("ring", "earrings", "necklace", "bracelet", "brooch", "cuff"),
        ("fine", "bold", "small", "twisted", "matt", "polished"),
    ),
    Category(
        "Books", 18.0, 0.9, False, 335,
        ("Illustrated", "Pocket", "Vintage", "Annotated", "Collected", "New"),
        ("field guide", "cookbook", "atlas", "poems", "ghost stories", "almanac"),
        ("hardback", "paperback", "clothbound", "large print", "boxed", "signed"),
    ),
)  # fmt: skip

BRANDS = (
    "Alder & Ash", "Birchfold", "Cloudberry", "Dunmore", "Elmsmoke", "Fennel Row", "Greywater", "Hearthside",
    "Inkwell", "Juniper Yard", "Kestrel", "Lanternhouse", "Marrow", "Northlight", "Oddfellow", "Pebble & Twine",
    "Quillon", "Rookery", "Saltmarsh", "Thistledown", "Umber", "Vesper", "Wrenfield", "Yarrow",
)  # fmt: skip

COUNTRIES = {
    "United Kingdom": 0.26,
    "Germany": 0.20,
    "France": 0.15,
    "Netherlands": 0.11,
    "Spain": 0.09,
    "Sweden": 0.08,
    "Italy": 0.07,
    "Poland": 0.04,
}
CHANNELS = {"search": 0.30, "social": 0.24, "newsletter": 0.16, "friend": 0.14, "market stall": 0.09, "app": 0.07}
