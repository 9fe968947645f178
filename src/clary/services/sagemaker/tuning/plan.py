"""What a tuning job shall do, read from its request: definitions, objectives, limits and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.algorithms.contract import Algorithm
from clary.engines.tuning.spaces import Space
from clary.engines.tuning.stopping import Halving
from clary.services.sagemaker.training_program import algorithm_of
from clary.services.sagemaker.tuning.ranges import space_of

OBJECTIVE_HYPERPARAMETER = "_tuning_objective_metric"
RESOURCE_NAMES = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
_STRATEGIES = {"Bayesian": "bayesian", "Random": "random", "Grid": "grid", "Hyperband": "random"}
_WITHOUT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Definition:
    """One TrainingJobDefinition.

    Attributes:
        name: its DefinitionName, "" where the request has only one without a name.
        member: where the request has it.
        training: the definition as sent.
        metric: the objective's name.
    """

    name: str
    member: str
    training: Mapping[str, Any]
    metric: str
    maximize: bool
    space: Space

    @property
    def objective_type(self) -> str:
        """SageMaker's word for the direction."""
        return "Maximize" if self.maximize else "Minimize"


@dataclass(frozen=True, slots=True)
class Plan:
    """A tuning job's settings.

    Attributes:
        strategy: the engine's word.
        most_jobs: trials to start at most.
        runtime_seconds: the tuning as a whole, None for no limit.
        target: an objective that is good enough.
        patience: ends after so many results without a better one.
        ends_on_convergence: ends when the results have stopped getting better.
        stops_early: whether trials that fall behind the median are stopped.
        halving: Hyperband's rungs.
        seed: RandomSeed; None where the request has none.
    """

    definitions: tuple[Definition, ...]
    strategy: str
    most_jobs: int
    most_parallel: int
    runtime_seconds: int | None
    target: float | None
    patience: int | None
    ends_on_convergence: bool
    stops_early: bool
    halving: Halving | None
    seed: int | None

    @property
    def watches(self) -> bool:
        """Whether trials must be looked at while they run."""
        return self.stops_early or self.halving is not None


def definitions_of(request: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The training job definitions of a request, each with the member that holds it."""
    single = request.get("TrainingJobDefinition")
    if single is not None:
        return [("TrainingJobDefinition", single)]
    return [(f"TrainingJobDefinitions[{n}]", d) for n, d in enumerate(request.get("TrainingJobDefinitions", []))]


def tuned_algorithm(training: Mapping[str, Any]) -> Algorithm | None:
    """The built-in algorithm of a definition, None where the user brings a program."""
    return algorithm_of({**training, "HyperParameters": training.get("StaticHyperParameters", {})})


def plan_of(request: Mapping[str, Any]) -> Plan:
    """The plan of a request that `check_request` has let pass.

    Raises:
        ValidationException: its ranges make no sense.
    """
    config = request["HyperParameterTuningJobConfig"]
    limits = config["ResourceLimits"]
    criteria = config.get("TuningJobCompletionCriteria", {})
    definitions = tuple(_definition(member, training, config) for member, training in definitions_of(request))
    strategy = _STRATEGIES[config["Strategy"]]
    most = limits.get("MaxNumberOfTrainingJobs")
    if most is None:
        size = sum(definition.space.size for definition in definitions)
        most = int(size) if strategy == "grid" else _WITHOUT_LIMIT
    return Plan(
        definitions=definitions,
        strategy=strategy,
        most_jobs=most,
        most_parallel=limits["MaxParallelTrainingJobs"],
        runtime_seconds=limits.get("MaxRuntimeInSeconds"),
        target=criteria.get("TargetObjectiveMetricValue"),
        patience=criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving"),
        ends_on_convergence=criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled",
        stops_early=config.get("TrainingJobEarlyStoppingType") == "Auto",
        halving=halving_of(config, [training for _, training in definitions_of(request)]),
        seed=config.get("RandomSeed"),
    )


def halving_of(config: Mapping[str, Any], trainings: Sequence[Mapping[str, Any]]) -> Halving | None:
    """Hyperband's rungs; None for another strategy, or where the most resource is told nowhere."""
    if config["Strategy"] != "Hyperband":
        return None
    given = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    most = given.get("MaxResource") or _inferred_resource(trainings)
    return Halving(given.get("MinResource", 1), most) if most else None


def _inferred_resource(trainings: Sequence[Mapping[str, Any]]) -> int | None:
    for training in trainings:
        static = training.get("StaticHyperParameters", {})
        algorithm = tuned_algorithm(training)
        rounds = ("num_round",) if algorithm is not None and algorithm.name == "xgboost" else ()
        for name in (*RESOURCE_NAMES, *rounds):
            text = static.get(name, "").strip('" ')
            if text.isdigit() and int(text) > 0:
                return int(text)
    return None


def _definition(member: str, training: Mapping[str, Any], config: Mapping[str, Any]) -> Definition:
    objective = training.get("TuningObjective") or config["HyperParameterTuningJobObjective"]
    ranges = training.get("HyperParameterRanges") or config.get("ParameterRanges", {})
    where = f"{member}.HyperParameterRanges" if "HyperParameterRanges" in training else "ParameterRanges"
    algorithm = tuned_algorithm(training)
    return Definition(
        name=training.get("DefinitionName", ""),
        member=member,
        training=training,
        metric=objective["MetricName"],
        maximize=objective["Type"] == "Maximize",
        space=space_of(ranges, algorithm, where),
    )
