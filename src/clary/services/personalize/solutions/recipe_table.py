"""The recipes by their AWS names: what each needs, answers, and can be tuned with. A literal table."""

from __future__ import annotations

from dataclasses import dataclass

from clary.services.personalize.datasets.schema_tables import CUSTOM, ECOMMERCE, VIDEO_ON_DEMAND

USERS = "users"  # GetRecommendations for a user
RANKING = "ranking"  # GetPersonalizedRanking, and GetRecommendations for a user in the second version
SIMILAR = "similar"  # GetRecommendations for an item
POPULAR = "popular"  # GetRecommendations for anybody
TRENDING = "trending"
ITEM_SEGMENTS = "item segments"  # batch segment jobs
ATTRIBUTE_SEGMENTS = "attribute segments"
ACTIONS = "actions"  # GetActionRecommendations


@dataclass(frozen=True, slots=True)
class Number:
    """A hyperparameter that is a number.

    Attributes:
        whole: whether it is an integer.
        tunable: whether performHPO may choose it.
    """

    name: str
    default: float
    least: float
    most: float
    whole: bool = False
    tunable: bool = True

    @property
    def text(self) -> str:
        """The default as AWS writes it."""
        return str(int(self.default)) if self.whole else str(float(self.default))


@dataclass(frozen=True, slots=True)
class Choice:
    """A hyperparameter that is one of some words."""

    name: str
    default: str
    values: tuple[str, ...]
    tunable: bool = True

    @property
    def text(self) -> str:
        """The default as AWS writes it."""
        return self.default


Parameter = Number | Choice


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe.

    Attributes:
        name: without "aws-" it is the algorithm's; its ARN ends with it.
        kind: what it answers, one of this module's words.
        type: AWS's recipeType.
        text: the description.
        domain: "" for custom data set groups.
        parameters: hyperparameters of the algorithm.
        transformation: parameters of the featurization.
        explores: whether it has an itemExplorationConfig.
        updates: whether versions can be trained with trainingMode UPDATE.
        event_type: the only kind of event that is learned from, in lower case; "" for all.
        asks: what a request must name: "userId", "itemId".
        hides: the kind of event whose items are never answered to the user who made them, "" for none.
    """

    name: str
    kind: str
    type: str
    text: str
    domain: str = CUSTOM
    parameters: tuple[Parameter, ...] = ()
    transformation: tuple[Parameter, ...] = ()
    explores: bool = False
    updates: bool = False
    event_type: str = ""
    asks: tuple[str, ...] = ("userId",)
    hides: str = ""

    @property
    def arn(self) -> str:
        """AWS's ARN."""
        return f"arn:aws:personalize:::recipe/{self.name}"

    @property
    def algorithm_arn(self) -> str:
        """The ARN of its algorithm."""
        return f"arn:aws:personalize:::algorithm/{self.name}"

    @property
    def transformation_arn(self) -> str:
        """The ARN of its featurization."""
        return f"arn:aws:personalize:::feature-transformation/{self.name.removeprefix('aws-')}"


_TRUE_FALSE = ("true", "false")
_SEQUENCE = (
    Number("hidden_dimension", 149, 32, 256, whole=True),
    Number("bptt", 32, 2, 32, whole=True),
    Choice("recency_mask", "true", _TRUE_FALSE),
)
_HISTORY = (
    Number("min_user_history_length_percentile", 0.0, 0.0, 1.0, tunable=False),
    Number("max_user_history_length_percentile", 0.99, 0.0, 1.0, tunable=False),
)
# AWS leaves out pairs that fewer than 3 users had; where little is known they are worth a lot (airlines: 11% of NDCG)
_SIMS = (Number("popularity_discount_factor", 0.5, 0.0, 1.0), Number("min_cointeraction_count", 0, 0, 10, whole=True))
_SIMS_HISTORY = (
    Number("min_user_history_length_percentile", 0.005, 0.0, 1.0, tunable=False),
    Number("max_user_history_length_percentile", 0.995, 0.0, 1.0, tunable=False),
    Number("min_item_interaction_count_percentile", 0.01, 0.0, 1.0, tunable=False),
    Number("max_item_interaction_count_percentile", 0.9, 0.0, 1.0, tunable=False),
)
_SIMILAR = (
    Number("popularity_discount_factor", 0.0, 0.0, 1.0),
    Number("item_id_hidden_dimension", 100, 30, 200, whole=True),
    Number("item_metadata_hidden_dimension", 100, 30, 200, whole=True),
)
_RECENCY = (Choice("apply_recency_bias", "true", _TRUE_FALSE, tunable=False),)
_FREQUENCY = (
    Choice("trend_discovery_frequency", "2 hours", ("30 minutes", "1 hour", "2 hours", "3 hours", "1 day"), False),
)
_PERSONAL = "USER_PERSONALIZATION"
_RANKED = "PERSONALIZED_RANKING"
_RELATED = "RELATED_ITEMS"
_SEGMENT = "USER_SEGMENTATION"

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "aws-user-personalization",
        USERS,
        _PERSONAL,
        "Predicts the items a user will interact with and explores young items.",
        parameters=_SEQUENCE,
        transformation=_HISTORY,
        explores=True,
        updates=True,
    ),
    Recipe(
        "aws-user-personalization-v2",
        USERS,
        _PERSONAL,
        "Predicts the items a user will interact with, for large catalogues, and explores young items.",
        parameters=_RECENCY,
        explores=True,
        updates=True,
    ),
    Recipe(
        "aws-personalized-ranking",
        RANKING,
        _RANKED,
        "Re-ranks a list of items for a user.",
        parameters=_SEQUENCE,
        transformation=_HISTORY,
    ),
    Recipe(
        "aws-personalized-ranking-v2",
        RANKING,
        _RANKED,
        "Re-ranks a list of items for a user, for large catalogues.",
        parameters=_RECENCY,
    ),
    Recipe(
        "aws-similar-items",
        SIMILAR,
        _RELATED,
        "Finds items like a given one, by who used them and by their metadata.",
        parameters=_SIMILAR,
        asks=("itemId",),
    ),
    Recipe(
        "aws-sims",
        SIMILAR,
        _RELATED,
        "Finds items that are used together with a given one.",
        parameters=_SIMS,
        transformation=_SIMS_HISTORY,
        asks=("itemId",),
    ),
    Recipe("aws-popularity-count", POPULAR, _PERSONAL, "The items with the most interactions.", asks=()),
    Recipe(
        "aws-trending-now",
        TRENDING,
        _PERSONAL,
        "The items whose popularity grows fastest right now.",
        parameters=_FREQUENCY,
        asks=(),
    ),
    Recipe("aws-item-affinity", ITEM_SEGMENTS, _SEGMENT, "The users most drawn to an item.", asks=()),
    Recipe(
        "aws-item-attribute-affinity",
        ATTRIBUTE_SEGMENTS,
        _SEGMENT,
        "The users most drawn to items with an attribute.",
        asks=(),
    ),
    Recipe(
        "aws-next-best-action",
        ACTIONS,
        "PERSONALIZED_ACTIONS",
        "The actions that a user will most likely take.",
        updates=True,
    ),
    Recipe(
        "aws-hrnn",
        USERS,
        _PERSONAL,
        "Predicts the items a user will interact with (kept for programs of its time).",
        parameters=_SEQUENCE,
        transformation=_HISTORY,
    ),
    Recipe(
        "aws-hrnn-metadata",
        USERS,
        _PERSONAL,
        "Predicts the items a user will interact with from all metadata (kept for programs of its time).",
        parameters=_SEQUENCE,
        transformation=_HISTORY,
    ),
    Recipe(
        "aws-hrnn-coldstart",
        USERS,
        _PERSONAL,
        "Predicts the items a user will interact with and promotes new ones (kept for programs of its time).",
        parameters=(
            *_SEQUENCE,
            Number("cold_start_max_interactions", 15, 0, 1000, whole=True, tunable=False),
            Number("cold_start_max_duration", 5.0, 0.0, 365.0, tunable=False),
            Choice("cold_start_relative_from", "currentTime", ("currentTime", "latestItem"), False),
        ),
        transformation=_HISTORY,
        explores=True,
        updates=True,
    ),
    Recipe(
        "aws-ecomm-recommended-for-you",
        USERS,
        _PERSONAL,
        "Recommended for you: personal recommendations without what the user has bought.",
        ECOMMERCE,
        explores=True,
        hides="purchase",
    ),
    Recipe(
        "aws-ecomm-customers-who-viewed-x-also-viewed",
        SIMILAR,
        _RELATED,
        "Customers who viewed X also viewed, without what the user has bought.",
        ECOMMERCE,
        asks=("userId", "itemId"),
        hides="purchase",
        event_type="view",
    ),
    Recipe(
        "aws-ecomm-frequently-bought-together",
        SIMILAR,
        _RELATED,
        "Frequently bought together with an item.",
        ECOMMERCE,
        asks=("itemId",),
        event_type="purchase",
    ),
    Recipe(
        "aws-ecomm-popular-items-by-views", POPULAR, _PERSONAL, "Most viewed.", ECOMMERCE, asks=(), event_type="view"
    ),
    Recipe(
        "aws-ecomm-popular-items-by-purchases",
        POPULAR,
        _PERSONAL,
        "Best sellers.",
        ECOMMERCE,
        asks=(),
        event_type="purchase",
    ),
    Recipe("aws-vod-top-picks", USERS, _PERSONAL, "Top picks for you.", VIDEO_ON_DEMAND, explores=True),
    Recipe(
        "aws-vod-more-like-x",
        SIMILAR,
        _RELATED,
        "More like X, without what the user has watched.",
        VIDEO_ON_DEMAND,
        asks=("userId", "itemId"),
        hides="watch",
    ),
    Recipe(
        "aws-vod-because-you-watched-x",
        SIMILAR,
        _RELATED,
        "Because you watched X, without what the user has watched.",
        VIDEO_ON_DEMAND,
        asks=("userId", "itemId"),
        hides="watch",
        event_type="watch",
    ),
    Recipe("aws-vod-most-popular", POPULAR, _PERSONAL, "Most popular.", VIDEO_ON_DEMAND, asks=(), event_type="watch"),
    Recipe("aws-vod-trending-now", TRENDING, _PERSONAL, "Trending now.", VIDEO_ON_DEMAND, asks=(), event_type="watch"),
)

BY_ARN = {recipe.arn: recipe for recipe in RECIPES}
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
EXPLORATION = {"exploration_weight": 0.3, "exploration_item_age_cut_off": 30.0}
"""The defaults of itemExplorationConfig: a share, and an age in days."""
