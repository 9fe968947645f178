"""What Personalize requires and reserves in the schemas of each type of data set: literal tables.

A column is written "NAME type": `string`, `long`, `float`; `categorical` and `textual` are strings with that
attribute. "+null" allows the null type beside it, "+any" any numeric type.
"""

from __future__ import annotations

from dataclasses import dataclass

CUSTOM = ""
ECOMMERCE = "ECOMMERCE"
VIDEO_ON_DEMAND = "VIDEO_ON_DEMAND"

INTERACTIONS = "INTERACTIONS"
ITEMS = "ITEMS"
USERS = "USERS"
ACTIONS = "ACTIONS"
ACTION_INTERACTIONS = "ACTION_INTERACTIONS"

DATASET_TYPES = {
    "interactions": INTERACTIONS,
    "items": ITEMS,
    "users": USERS,
    "actions": ACTIONS,
    "action_interactions": ACTION_INTERACTIONS,
}
"""Types as they stand in ARNs, by what a request may write, in lower case."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a type of data set asks of its schema.

    Attributes:
        required: columns that must be there.
        reserved: columns that must have this type where they are there.
        least_metadata: how many further columns there must be (reserved ones count).
        most_metadata: how many columns there may be that are neither required nor reserved.
        texts: whether a column may be textual.
    """

    required: tuple[str, ...]
    reserved: tuple[str, ...] = ()
    least_metadata: int = 0
    most_metadata: int = 100
    texts: bool = False


_EVENT = (
    "EVENT_VALUE float+null",
    "IMPRESSION string+null",
    "RECOMMENDATION_ID string+null",
    "EVENT_ATTRIBUTION_SOURCE string+null",
)
_INTERACTION = ("USER_ID string", "ITEM_ID string", "TIMESTAMP long")
_ACTIONS = Rules(
    ("ACTION_ID string",),
    (
        "CREATION_TIMESTAMP long+null",
        "VALUE any+null",
        "ACTION_EXPIRATION_TIMESTAMP long+null",
        "REPEAT_FREQUENCY any+null",
    ),
    least_metadata=1,
    most_metadata=10,
)
_ACTION_INTERACTIONS = Rules(
    ("USER_ID string", "ACTION_ID string", "EVENT_TYPE string", "TIMESTAMP long"),
    ("IMPRESSION string+null", "RECOMMENDATION_ID string+null"),
    most_metadata=5,
)

RULES: dict[tuple[str, str], Rules] = {
    (CUSTOM, INTERACTIONS): Rules(_INTERACTION, ("EVENT_TYPE string+null", *_EVENT), most_metadata=5),
    (CUSTOM, ITEMS): Rules(("ITEM_ID string",), ("CREATION_TIMESTAMP long+null",), least_metadata=1, texts=True),
    (CUSTOM, USERS): Rules(("USER_ID string",), least_metadata=1, most_metadata=25),
    (CUSTOM, ACTIONS): _ACTIONS,
    (CUSTOM, ACTION_INTERACTIONS): _ACTION_INTERACTIONS,
    (ECOMMERCE, INTERACTIONS): Rules((*_INTERACTION, "EVENT_TYPE string"), _EVENT, most_metadata=5),
    (ECOMMERCE, ITEMS): Rules(
        ("ITEM_ID string", "PRICE float", "CATEGORY_L1 categorical"),
        (
            "CATEGORY_L2 categorical+null",
            "CATEGORY_L3 categorical+null",
            "PRODUCT_DESCRIPTION textual+null",
            "CREATION_TIMESTAMP long+null",
            "AGE_GROUP categorical+null",
            "ADULT categorical+null",
            "GENDER categorical+null",
        ),
        texts=True,
    ),
    (ECOMMERCE, USERS): Rules(
        ("USER_ID string",), ("MEMBERSHIP_STATUS categorical+null",), least_metadata=1, most_metadata=25
    ),
    (VIDEO_ON_DEMAND, INTERACTIONS): Rules((*_INTERACTION, "EVENT_TYPE string"), _EVENT, most_metadata=5),
    (VIDEO_ON_DEMAND, ITEMS): Rules(
        ("ITEM_ID string", "GENRES categorical", "CREATION_TIMESTAMP long"),
        (
            "PRICE float+null",
            "DURATION float+null",
            "GENRE_L2 categorical+null",
            "GENRE_L3 categorical+null",
            "AVERAGE_RATING float+null",
            "PRODUCT_DESCRIPTION textual+null",
            "CONTENT_OWNER categorical+null",
            "CONTENT_CLASSIFICATION categorical+null",
        ),
        texts=True,
    ),
    (VIDEO_ON_DEMAND, USERS): Rules(
        ("USER_ID string",), ("SUBSCRIPTION_MODEL categorical+null",), least_metadata=1, most_metadata=25
    ),
}

ID_COLUMNS = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID"})
LONGEST_ID = 256
LONGEST_CATEGORICAL = 1000
LONGEST_TEXT = 20_000
LONGEST_EVENT_TYPE = 256
LONGEST_RECOMMENDATION_ID = 40
