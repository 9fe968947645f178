import re

import pytest

from clary.algorithms.xgboost.parameters import METRIC_NAMES, OBJECTIVES, TABLE
from clary.algorithms.xgboost.settings import Settings
from clary.algorithms.xgboost.spec import XGBOOST

DOCUMENTED = (
    "num_class", "num_round", "alpha", "base_score", "booster", "colsample_bylevel", "colsample_bynode",
    "colsample_bytree", "csv_weights", "deterministic_histogram", "early_stopping_rounds", "eta", "eval_metric",
    "gamma", "grow_policy", "interaction_constraints", "lambda", "lambda_bias", "max_bin", "max_delta_step",
    "max_depth", "max_leaves", "min_child_weight", "monotone_constraints", "normalize_type", "nthread", "objective",
    "one_drop", "process_type", "rate_drop", "refresh_leaf", "sample_type", "scale_pos_weight", "seed",
    "single_precision_histogram", "sketch_eps", "skip_drop", "subsample", "tree_method", "tweedie_variance_power",
    "updater", "verbosity", "num_parallel_tree", "save_model_on_termination", "use_dask_gpu_training",
    "aft_loss_distribution", "aft_loss_distribution_scale", "max_cat_threshold", "huber_slope", "quantile_alpha",
    "lambdarank_pair_method", "lambdarank_num_pair_per_sample", "_tuning_objective_metric", "_kfold",
    "_num_cv_round",
)  # fmt: skip

TUNABLE = {
    "alpha": (0, 1000), "colsample_bylevel": (0.1, 1), "colsample_bynode": (0.1, 1), "colsample_bytree": (0.5, 1),
    "eta": (0.1, 0.5), "gamma": (0, 5), "lambda": (0, 1000), "max_delta_step": (0, 10), "max_depth": (0, 10),
    "min_child_weight": (0, 120), "num_round": (1, 4000), "subsample": (0.5, 1),
}  # fmt: skip


def problems(**values):
    return XGBOOST.validate({"num_round": "2"} | values)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_hyperparameter_is_in_the_table(name):
    assert name in TABLE


def test_the_tunable_hyperparameters_have_the_documented_ranges():
    assert {row.name: (row.tunable.low, row.tunable.high) for row in TABLE.tunable} == TUNABLE


def test_only_the_number_of_rounds_is_always_required():
    assert XGBOOST.validate({}) == ["Missing required hyperparameter: num_round"]
    assert problems() == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"eta": "1.1"}, "eta"),
        ({"subsample": "0"}, "subsample"),
        ({"max_depth": "-1"}, "max_depth"),
        ({"max_depth": "3.5"}, "max_depth"),
        ({"booster": "forest"}, "booster"),
        ({"objective": "reg:best"}, "objective"),
        ({"eval_metric": "auc,excellence", "objective": "binary:logistic"}, "excellence"),
        ({"eval_metric": "auc"}, "auc"),
        ({"eval_metric": "rmse@3"}, "rmse@3"),
        ({"eval_metric": "error@high", "objective": "binary:logistic"}, "error@high"),
        ({"objective": "multi:softmax"}, "num_class"),
        ({"objective": "binary:logistic", "num_class": "3"}, "num_class"),
        ({"objective": "reg:quantileerror"}, "quantile_alpha"),
        ({"objective": "binary:logistic", "base_score": "2"}, "base_score"),
        ({"monotone_constraints": "(1,0)"}, "tree_method"),
        ({"interaction_constraints": "[[0,1]]"}, "tree_method"),
        ({"updater": "grow_skmaker"}, "grow_skmaker"),
        ({"updater": "shotgun"}, "gblinear"),
        ({"updater": "prune"}, "grow_colmaker"),
        ({"updater": "refresh,grow_colmaker", "process_type": "update"}, "refresh and prune"),
        ({"process_type": "update"}, "updater"),
        ({"use_dask_gpu_training": "true"}, "use_dask_gpu_training"),
        ({"_num_cv_round": "2"}, "_kfold"),
        ({"tweedie_variance_power": "2"}, "tweedie_variance_power"),
        ({"learning_rate": "0.1"}, "Extraneous hyperparameter found: learning_rate"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values, named):
    found = problems(**values)
    assert len(found) == 1
    assert named in found[0]


@pytest.mark.parametrize(
    "values",
    [
        {"objective": "multi:softprob", "num_class": "3", "eval_metric": "mlogloss,merror,accuracy"},
        {"objective": "binary:logistic", "eval_metric": "auc, error@0.7, aucpr"},
        {"objective": "rank:ndcg", "eval_metric": "ndcg@5,map@10-"},
        {"tree_method": "hist", "monotone_constraints": "(1,0,-1)", "interaction_constraints": "[[0,1],[2]]"},
        {"updater": "grow_colmaker,prune"},
        {"booster": "gblinear", "updater": "coord_descent"},
        {"save_model_on_termination": "True", "sketch_eps": "0.03", "predictor": "cpu_predictor"},
        {"_tuning_objective_metric": "validation:rmse", "seed": "-5"},
    ],
)
def test_what_the_container_accepts_is_accepted(values):
    assert problems(**values) == []


def test_what_xgboost_no_longer_has_is_left_out_and_logged(capsys):
    settings = Settings.from_hyperparameters({"num_round": "1", "sketch_eps": "0.03", "objective": "reg:linear"})
    assert settings.parameters["objective"] == "reg:squarederror"
    assert "sketch_eps" not in settings.parameters
    assert "Hyperparameter sketch_eps has no effect" in capsys.readouterr().out


def test_the_tuned_metric_is_computed_too_and_decides_early_stopping():
    settings = Settings.from_hyperparameters(
        {
            "num_round": "1",
            "objective": "binary:logistic",
            "eval_metric": "error",
            "_tuning_objective_metric": "validation:f1",
        }
    )
    assert settings.parameters["eval_metric"] == ["error"]
    assert settings.own_metrics == ("f1",)
    assert settings.target_metric == "f1"


@pytest.mark.parametrize("metric", XGBOOST.metrics, ids=lambda metric: metric.name)
def test_the_regular_expression_of_a_metric_reads_its_value_from_a_log_line(metric):
    channel, _, name = metric.name.partition(":")
    line = f"[12]#011{channel}-other:0.1#011{channel}-{name}:0.52000#011test-{name}:9"
    assert re.search(metric.regex, line)[1] == "0.52000"


def test_every_metric_of_the_validation_channel_may_be_tuned():
    assert {metric.name for metric in XGBOOST.metrics if metric.tunable} == {f"validation:{m}" for m in METRIC_NAMES}


def test_more_is_better_for_auc_and_less_for_logloss():
    directions = {metric.name: metric.direction for metric in XGBOOST.metrics}
    assert directions["validation:auc"] == "Maximize"
    assert directions["validation:logloss"] == "Minimize"


def test_all_objectives_of_the_container_are_there():
    for name in ("binary:hinge", "count:poisson", "rank:map", "reg:gamma", "survival:aft", "survival:cox"):
        assert name in OBJECTIVES
