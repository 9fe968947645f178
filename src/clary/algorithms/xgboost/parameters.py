"""The hyperparameters of XGBoost: the table, and the rules that tie several of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.algorithms.hyperparameters import (
    BOOLEAN,
    Categorical,
    CommaList,
    Continuous,
    Hyperparameter,
    HyperparameterTable,
    Integer,
    Interval,
    NestedList,
    NumberTuple,
    Tunable,
)

MAXIMIZED_METRICS = (
    "accuracy", "auc", "aucpr", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "map", "ndcg", "pre", "precision",
    "precision_macro", "precision_micro", "r2", "recall", "recall_macro", "recall_micro",
)  # fmt: skip
MINIMIZED_METRICS = (
    "aft-nloglik", "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy", "logloss",
    "mae", "mape", "merror", "mlogloss", "mphe", "mse", "poisson-nloglik", "quantile", "rmse", "rmsle",
    "tweedie-nloglik",
)  # fmt: skip
METRIC_NAMES = MAXIMIZED_METRICS + MINIMIZED_METRICS
THRESHOLD_METRICS = ("error", "ndcg", "map", "auc", "pre", "tweedie-nloglik")

OBJECTIVES = (
    "binary:hinge", "binary:logistic", "binary:logitraw", "count:poisson", "multi:softmax", "multi:softprob",
    "rank:map", "rank:ndcg", "rank:pairwise", "reg:absoluteerror", "reg:gamma", "reg:linear", "reg:logistic",
    "reg:pseudohubererror", "reg:quantileerror", "reg:squarederror", "reg:squaredlogerror", "reg:tweedie",
    "survival:aft", "survival:cox",
)  # fmt: skip

TREE_UPDATERS = ("grow_colmaker", "grow_histmaker", "grow_quantile_histmaker")
OTHER_UPDATERS = ("sync", "refresh", "prune")
LINEAR_UPDATERS = ("shotgun", "coord_descent")
REMOVED_UPDATERS = ("distcol", "grow_local_histmaker", "grow_skmaker")

UNIT = Interval(0, 1)
LEFT_OPEN_UNIT = Interval(0, 1, low_open=True)
FROM_ZERO = Interval(0)
POSITIVE = Interval(0, low_open=True)
_REMOVED = "Accepted for older scripts; XGBoost 3 has no such setting any more."

OWN_NAMES = (
    "num_round", "csv_weights", "early_stopping_rounds", "eval_metric", "save_model_on_termination",
    "use_dask_gpu_training", "_tuning_objective_metric", "_kfold", "_num_cv_round", "silent",
)  # fmt: skip
"""What Clary acts on itself; everything else without a `note` is handed to xgboost."""


def _metric_with_threshold(word: str) -> bool:
    """Whether `word` is a metric with a threshold, such as "error@0.7" or "ndcg@5-"."""
    name, at, threshold = word.partition("@")
    if not at:
        return False
    if name not in THRESHOLD_METRICS:
        raise ValueError(f"has '{word}': only {', '.join(THRESHOLD_METRICS)} take a threshold after '@'")
    try:
        float(threshold.rstrip("-"))
    except ValueError:
        raise ValueError(f"has '{word}': what follows '@' is not a number") from None
    return True


def _integer(name: str, low: float, text: str, default: str = "", high: float = float("inf"), **more: Any) -> Any:
    """A row with a whole number from `low` on."""
    return Hyperparameter(name, Integer(Interval(low, high)), text, default, **more)


def _float(name: str, interval: Interval, text: str, default: str = "", **more: Any) -> Hyperparameter:
    """A row with a real number."""
    return Hyperparameter(name, Continuous(interval), text, default, **more)


def _choice(name: str, choices: tuple[str, ...], text: str, default: str = "", **more: Any) -> Hyperparameter:
    """A row with one of a few words."""
    return Hyperparameter(name, Categorical(choices), text, default, **more)


LEARNING_ROWS = (
    _integer("num_round", 1, "Rounds of boosting.", required=True, tunable=Tunable(1, 4000)),
    _integer("num_class", 2, "Number of classes; required for, and only for, `multi:softmax` and `multi:softprob`."),
    _choice("objective", OBJECTIVES, "What is learnt. `reg:linear` is `reg:squarederror`.", "reg:squarederror"),
    Hyperparameter(
        "eval_metric",
        CommaList(METRIC_NAMES, _metric_with_threshold, "; a threshold may follow: `error@0.7`, `ndcg@5`, `map@10-`"),
        "Metrics of training and validation data, written to the log each round; the last one stops early.",
        "according to the objective",
    ),
    _integer("early_stopping_rounds", 1, "Stops when the last metric of the last channel got no better for so long."),
    _integer("seed", -(2**31), "Seed of the random numbers.", "0", high=2**31 - 1),
    _float("base_score", Interval(), "The prediction before the first tree.", "estimated from the labels"),
    _float("scale_pos_weight", POSITIVE, "Weight of the positive class.", "1"),
    _integer("csv_weights", 0, "1: the second CSV column is the weight of the row.", "0", high=1),
    _integer("nthread", 1, "Threads.", "all"),
    _integer("verbosity", 0, "0 silent, 1 warnings, 2 information, 3 debugging.", "1", high=3),
    _integer("silent", 0, "The older name: 1 is `verbosity` 0.", high=1),
    Hyperparameter("save_model_on_termination", BOOLEAN, "false: a stopped job leaves no model.", "true"),
)

TREE_ROWS = (
    _choice("booster", ("gbtree", "gblinear", "dart"), "Trees, a linear model, or trees with dropout.", "gbtree"),
    _float("eta", UNIT, "Step size.", "0.3", tunable=Tunable(0.1, 0.5)),
    _float("gamma", FROM_ZERO, "Least gain of a split.", "0", tunable=Tunable(0, 5)),
    _integer("max_depth", 0, "Greatest depth of a tree; 0 is no limit.", "6", tunable=Tunable(0, 10)),
    _float("min_child_weight", FROM_ZERO, "Least sum of weights in a leaf.", "1", tunable=Tunable(0, 120)),
    _float("max_delta_step", FROM_ZERO, "Greatest step of a leaf; 0 is no limit.", "0", tunable=Tunable(0, 10)),
    _float("subsample", LEFT_OPEN_UNIT, "Share of the rows for each tree.", "1", tunable=Tunable(0.5, 1)),
    _float("colsample_bytree", LEFT_OPEN_UNIT, "Share of the columns for each tree.", "1", tunable=Tunable(0.5, 1)),
    _float("colsample_bylevel", LEFT_OPEN_UNIT, "Share of the columns for each level.", "1", tunable=Tunable(0.1, 1)),
    _float("colsample_bynode", LEFT_OPEN_UNIT, "Share of the columns for each split.", "1", tunable=Tunable(0.1, 1)),
    _float("lambda", FROM_ZERO, "L2 regularisation.", "1", tunable=Tunable(0, 1000)),
    _float("alpha", FROM_ZERO, "L1 regularisation.", "0", tunable=Tunable(0, 1000)),
    _choice(
        "tree_method",
        ("auto", "exact", "approx", "hist", "gpu_hist"),
        "How splits are found; `gpu_hist` needs a GPU and an xgboost built for it.",
        "auto",
    ),
    _choice("grow_policy", ("depthwise", "lossguide"), "Where a tree grows next.", "depthwise"),
    _integer("max_leaves", 0, "Greatest number of leaves; 0 is no limit.", "0"),
    _integer("max_bin", 2, "Bins of a feature (`hist`, `approx`).", "256"),
    _integer("num_parallel_tree", 1, "Trees in each round.", "1"),
    _choice("process_type", ("default", "update"), "`update` revises the trees of the `model` channel.", "default"),
    Hyperparameter(
        "updater",
        CommaList(TREE_UPDATERS + OTHER_UPDATERS + LINEAR_UPDATERS + REMOVED_UPDATERS),
        "The steps that build or change a tree, or the one that fits a linear model.",
    ),
    _integer("refresh_leaf", 0, "1: `refresh` changes leaves too.", "1", high=1),
    Hyperparameter(
        "monotone_constraints",
        NumberTuple(Interval(-1, 1), whole=True),
        "For each feature 1 (may only rise), -1 (may only fall) or 0. Needs `tree_method` `exact` or `hist`.",
    ),
    Hyperparameter(
        "interaction_constraints",
        NestedList(),
        "Groups of features that may meet in one tree. Needs `tree_method` `exact`, `hist` or `approx`.",
    ),
    _integer("max_cat_threshold", 1, "Categories considered for a split by partition."),
    _integer("max_cat_to_onehot", 1, "Up to so many categories are split one against the rest."),
    _choice("sampling_method", ("uniform", "gradient_based"), "How rows are sampled.", "uniform"),
)

BOOSTER_ROWS = (
    _choice("sample_type", ("uniform", "weighted"), "`dart`: how trees are dropped.", "uniform"),
    _choice("normalize_type", ("tree", "forest"), "`dart`: how new trees are weighed.", "tree"),
    _float("rate_drop", UNIT, "`dart`: share of trees dropped.", "0.0"),
    _integer("one_drop", 0, "`dart`: 1 drops at least one tree.", "0", high=1),
    _float("skip_drop", UNIT, "`dart`: chance of dropping none.", "0.0"),
    _choice(
        "feature_selector",
        ("cyclic", "shuffle", "random", "greedy", "thrifty"),
        "`gblinear`: order of the features.",
        "cyclic",
    ),
    _integer("top_k", 0, "`gblinear`: features for `greedy` and `thrifty`; 0 is all.", "0"),
)

OBJECTIVE_ROWS = (
    _float("tweedie_variance_power", Interval(1, 2, low_open=True, high_open=True), "`reg:tweedie`: its power.", "1.5"),
    _float("huber_slope", POSITIVE, "`reg:pseudohubererror`: where it turns linear.", "1"),
    Hyperparameter(
        "quantile_alpha",
        NumberTuple(Interval(0, 1, low_open=True, high_open=True)),
        "`reg:quantileerror`: the quantiles; required there.",
    ),
    _choice("aft_loss_distribution", ("normal", "logistic", "extreme"), "`survival:aft`: of the noise.", "normal"),
    _float("aft_loss_distribution_scale", POSITIVE, "`survival:aft`: its scale.", "1"),
    _choice("lambdarank_pair_method", ("mean", "topk"), "`rank:*`: how pairs are made.", "topk"),
    _integer("lambdarank_num_pair_per_sample", 1, "`rank:*`: pairs, or the k of `topk`."),
    Hyperparameter("lambdarank_normalization", BOOLEAN, "`rank:*`: normalises by the gradient.", "true"),
    Hyperparameter("lambdarank_score_normalization", BOOLEAN, "`rank:*`: normalises by the score.", "true"),
    Hyperparameter("lambdarank_unbiased", BOOLEAN, "`rank:*`: removes the bias of positions.", "false"),
    _float("lambdarank_bias_norm", FROM_ZERO, "`rank:*`: L-norm of the bias.", "1"),
    Hyperparameter("ndcg_exp_gain", BOOLEAN, "`rank:ndcg`: gain 2^label - 1.", "true"),
)

OTHER_ROWS = (
    _choice(
        "_tuning_objective_metric",
        tuple(f"{channel}:{name}" for channel in ("train", "validation") for name in METRIC_NAMES),
        "Set by a tuning job: its metric is computed besides `eval_metric`.",
    ),
    _integer("_kfold", 2, "Cross-validation: trains so many models, each tested on its own part of the data."),
    _integer("_num_cv_round", 1, "Rounds of cross-validation.", "1"),
    Hyperparameter("use_dask_gpu_training", BOOLEAN, "Training on several GPUs; only `false` is available.", "false"),
    _float("sketch_eps", Interval(0, 1, True, True), "Older `approx`: precision.", "0.03", note=_REMOVED),
    Hyperparameter("deterministic_histogram", BOOLEAN, "Older GPU setting.", "true", note=_REMOVED),
    Hyperparameter("single_precision_histogram", BOOLEAN, "Older `hist` setting.", "false", note=_REMOVED),
    _float("lambda_bias", UNIT, "Older `gblinear`: L2 of the bias.", "0", note=_REMOVED),
    _choice("predictor", ("auto", "cpu_predictor", "gpu_predictor"), "Older setting.", "auto", note=_REMOVED),
    _choice("dsplit", ("row", "col"), "Older setting of distributed training.", note=_REMOVED),
)


def _objective_rules(values: Mapping[str, Any]) -> Sequence[str]:
    """Classes and quantiles go with their objectives."""
    objective = values.get("objective", "reg:squarederror")
    problems = []
    if objective.startswith("multi:") and "num_class" not in values:
        problems.append(f"Missing required hyperparameter: num_class (the objective is {objective})")
    if not objective.startswith("multi:") and "num_class" in values:
        problems.append(f"Hyperparameter num_class: only multi:softmax and multi:softprob take it, not {objective}")
    if objective == "reg:quantileerror" and "quantile_alpha" not in values:
        problems.append("Missing required hyperparameter: quantile_alpha (the objective is reg:quantileerror)")
    if objective in ("binary:logistic", "reg:logistic") and not 0 < values.get("base_score", 0.5) < 1:
        problems.append(f"Hyperparameter base_score: value '{values['base_score']}' is not in (0, 1) for {objective}")
    return problems


def _metric_rules(values: Mapping[str, Any]) -> Sequence[str]:
    """Some metrics need their objective."""
    objective = values.get("objective", "reg:squarederror")
    metrics = {metric.partition("@")[0] for metric in values.get("eval_metric", ())}
    tuned = values.get("_tuning_objective_metric", "").partition(":")[2]
    metrics |= {tuned} - {""}
    kind = objective.partition(":")[0]
    problems = []
    for metric in sorted(metrics):
        wanted = {
            "auc": kind in ("binary", "rank", "multi"),
            "aucpr": kind in ("binary", "rank", "multi"),
            "merror": kind == "multi",
            "mlogloss": objective == "multi:softprob" or objective == "multi:softmax",
            "aft-nloglik": objective == "survival:aft",
            "interval-regression-accuracy": objective == "survival:aft",
            "quantile": objective == "reg:quantileerror",
        }.get(metric, True)
        if not wanted:
            problems.append(f"Hyperparameter eval_metric: '{metric}' cannot be used with the objective {objective}")
    return problems


def _updater_rules(values: Mapping[str, Any]) -> Sequence[str]:
    """Updaters go with the booster and with `process_type`."""
    updaters = values.get("updater", ())
    problems = []
    gone = [name for name in updaters if name in REMOVED_UPDATERS]
    if gone:
        problems.append(f"Hyperparameter updater: XGBoost 3 no longer has {', '.join(gone)}; try tree_method instead")
    elif updaters and values.get("booster") == "gblinear":
        if len(updaters) != 1 or updaters[0] not in LINEAR_UPDATERS:
            problems.append("Hyperparameter updater: booster gblinear takes one of shotgun, coord_descent")
    elif values.get("process_type") == "update":
        if any(name not in ("refresh", "prune") for name in updaters):
            problems.append("Hyperparameter updater: process_type update takes only refresh and prune")
    elif any(name in LINEAR_UPDATERS for name in updaters):
        problems.append("Hyperparameter updater: shotgun and coord_descent need booster gblinear")
    elif updaters and sum(name in TREE_UPDATERS for name in updaters) != 1:
        problems.append(f"Hyperparameter updater: exactly one of {', '.join(TREE_UPDATERS)} must grow the trees")
    return problems


def _other_rules(values: Mapping[str, Any]) -> Sequence[str]:
    """Constraints need their tree methods; what is not available says so."""
    method = values.get("tree_method")
    problems = []
    if "monotone_constraints" in values and method not in ("exact", "hist"):
        problems.append("Hyperparameter monotone_constraints: needs tree_method exact or hist")
    if "interaction_constraints" in values and method not in ("exact", "hist", "approx"):
        problems.append("Hyperparameter interaction_constraints: needs tree_method exact, hist or approx")
    if values.get("use_dask_gpu_training") == "true":
        problems.append("Hyperparameter use_dask_gpu_training: training on several GPUs is not available; use 'false'")
    if "_num_cv_round" in values and "_kfold" not in values:
        problems.append("Hyperparameter _num_cv_round: needs _kfold")
    if values.get("process_type") == "update" and "updater" not in values:
        problems.append("Hyperparameter process_type: update needs updater refresh or prune")
    return problems


TABLE = HyperparameterTable(
    LEARNING_ROWS + TREE_ROWS + BOOSTER_ROWS + OBJECTIVE_ROWS + OTHER_ROWS,
    rules=(_objective_rules, _metric_rules, _updater_rules, _other_rules),
)
