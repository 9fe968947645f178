"""One plan of an endpoint, running: model files, variants, and the choice of the variant for each request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from clary.compute.contract import EndpointPlan, VariantPlan
from clary.compute.folder import remove_tree
from clary.compute.hosting.isolated_replica import REPLICAS
from clary.compute.hosting.logs import LogShipper
from clary.compute.hosting.metrics import HostingMetrics
from clary.compute.hosting.model_files import ModelUnavailable
from clary.compute.hosting.replica import Launcher, Replica, ReplicaFailed
from clary.compute.hosting.replica_slots import RunningVariant

_log = logging.getLogger(__name__)


class NoSuchVariant(Exception):
    """The endpoint has no variant of that name."""


class GenerationFailed(Exception):
    """A plan cannot run; the message is a FailureReason."""


class ModelFiles(Protocol):
    """Brings a model's files into a folder: `model_files.ModelStore`."""

    def fetch(self, role_arn: str, uri: str, root: Path) -> None:
        """Downloads and unpacks a model into `root/model`, unless it is there already.

        Raises:
            ModelUnavailable: with a FailureReason.
        """
        ...

    def fetch_code(self, role_arn: str, uri: str, root: Path) -> None:
        """The same for the user's code, into `root/code`."""
        ...


class Generation:
    """The replicas of one plan.

    Args:
        plan: what shall run.
        folder: of this generation; each variant has a folder in it.
        changed: called when a replica becomes available.
    """

    def __init__(
        self,
        plan: EndpointPlan,
        folder: Path,
        *,
        models: ModelFiles,
        launcher: Launcher,
        shipper: LogShipper,
        metrics: HostingMetrics,
        changed: Callable[[], None],
    ) -> None:
        self.plan = plan
        self.folder = folder
        self._models = models
        self._launcher = launcher
        self._metrics = metrics
        self._variants = {
            variant.name: RunningVariant(
                plan,
                variant,
                folder / variant.name,
                launcher=launcher,
                shipper=shipper,
                metrics=metrics.variant(plan.arn, plan.account, plan.region, plan.name, variant.name),
                changed=changed,
            )
            for variant in plan.variants
        }
        self._only = next(iter(self._variants.values())) if len(self._variants) == 1 else None

    @property
    def variants(self) -> list[RunningVariant]:
        """The variants in the plan's order."""
        return list(self._variants.values())

    async def start(self) -> None:
        """Fetches the models and starts all replicas; returns when all are healthy.

        Raises:
            GenerationFailed: one cannot run; nothing of the generation runs then.
        """
        tasks = [asyncio.create_task(self._start_variant(variant)) for variant in self._variants.values()]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.stop()
            raise

    async def _start_variant(self, variant: RunningVariant) -> None:
        plan = variant.plan.plan
        try:
            await self._launcher.blocking(self._models.fetch, plan.role_arn, plan.model_uri, variant.root)
            if plan.code_uri:
                await self._launcher.blocking(self._models.fetch_code, plan.role_arn, plan.code_uri, variant.root)
            await self._launcher.blocking(remove_tree, variant.root / REPLICAS)  # of a Clary that was killed
        except ModelUnavailable as error:
            raise GenerationFailed(str(error)) from error
        await self._scale(variant, variant.plan.replicas)

    async def _scale(self, variant: RunningVariant, replicas: int) -> None:
        try:
            await variant.scale(replicas)
        except ReplicaFailed as failure:
            if not failure.started:
                raise GenerationFailed(f"Production variant {variant.name}: {failure.reason}") from failure
            raise GenerationFailed(
                f"The primary container for production variant {variant.name} did not pass the ping health check. "
                f"Please check CloudWatch logs for this endpoint. {failure.reason}"
            ) from failure
        self._metrics.set_instances(self.plan.arn, variant.name, replicas)

    async def adjust(self, plan: EndpointPlan) -> None:
        """Changes weights and numbers of replicas to those of `plan`, which is of the same generation.

        Raises:
            GenerationFailed: new replicas do not become healthy; everything is as it was.
        """
        before = self.plan
        wanted = {variant.name: variant for variant in plan.variants}
        try:
            await asyncio.gather(
                *[self._scale(variant, wanted[name].replicas) for name, variant in self._variants.items()]
            )
        except GenerationFailed:
            for unchanged in before.variants:
                await self._scale(self._variants[unchanged.name], unchanged.replicas)
            raise
        for name, variant in self._variants.items():
            variant.plan = replace(variant.plan, weight=wanted[name].weight, replicas=wanted[name].replicas)
            variant.weight = wanted[name].weight
            variant.current = 0.0
        self.plan = plan

    async def stop(self) -> None:
        """Ends all replicas, each after its last answer."""
        await asyncio.gather(*[variant.stop() for variant in self._variants.values()])

    async def remove(self) -> None:
        """`stop`, then deletes the model files."""
        await self.stop()
        await self._launcher.blocking(remove_tree, self.folder)

    def choose(self, name: str | None) -> tuple[RunningVariant, Replica | None]:
        """The variant and replica for the next request; the replica is None while none is available.

        Without a name variants take turns by weight (smooth weighted round robin: exact over any run of requests);
        one that has no available replica is passed over as long as another has.

        Raises:
            NoSuchVariant: `name` is not one of the variants.
        """
        variant = self._only
        if name is not None:
            variant = self._variants.get(name)
            if variant is None:
                raise NoSuchVariant(name)
        elif variant is None:
            variant = self._by_weight()
        return variant, variant.next_replica()

    def _by_weight(self) -> RunningVariant:
        variants = self._variants.values()
        able = [variant for variant in variants if variant.ready and variant.weight > 0]
        candidates = able or [variant for variant in variants if variant.weight > 0] or list(variants)
        total = 0.0
        best = candidates[0]
        for variant in candidates:
            total += variant.weight
            variant.current += variant.weight
            if variant.current > best.current:
                best = variant
        best.current -= total
        return best

    def summary(self) -> list[dict[str, object]]:
        """What DescribeEndpoint tells about the variants."""
        return [_summary(variant.plan, variant.weight, variant.replicas) for variant in self._variants.values()]


def _summary(wanted: VariantPlan, weight: float, replicas: int) -> dict[str, object]:
    return {
        "name": wanted.name,
        "current_weight": weight,
        "desired_weight": wanted.weight,
        "current_instances": replicas,
        "desired_instances": wanted.replicas,
    }
