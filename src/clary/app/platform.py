"""The one place where the parts are joined: stores, compute, services and gateway of one Clary."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clary.app.data_folder import DataFolder, FirstKey
from clary.app.engine_environment import EngineEnvironment
from clary.app.housekeeping import Housekeeping
from clary.app.job_supervisor import supervisor_program
from clary.app.program_environments import ProgramEnvironments
from clary.app.server_log import turn_over
from clary.app.settings import Settings
from clary.app.stores import Stores
from clary.compute.containers.access import ContainerAccess
from clary.compute.containers.engine import sockets_to_hide
from clary.compute.containers.leftovers import remove_leftovers
from clary.compute.engine_hosts.hosts import EngineHosts, HostSurroundings
from clary.compute.forking.child import EAGER_THREADS, PATIENT_THREADS
from clary.compute.forking.server import ForkServer
from clary.compute.hosting.endpoints import Hosting
from clary.compute.hosting.model_files import UnpackLimits
from clary.compute.hosting.serving_costs import INTERVAL_SECONDS, ServingCosts
from clary.compute.jobs.scheduler import Jobs
from clary.compute.machine import this_machine
from clary.compute.prices import Prices
from clary.compute.role_access import REPLICAS, RoleAccess
from clary.core.call import Call
from clary.core.operations import BoundOperation, collect
from clary.frameworks.environments import Environments
from clary.gateway.addressing import bucket_of_host, meaning_of_host
from clary.gateway.authorization import UNGUARDED, ArnRule, Authorizer, Guard
from clary.gateway.dispatch import Dispatcher
from clary.gateway.identity import Authenticator
from clary.gateway.metrics import (
    MetricsPage,
    RequestMetrics,
    database_metrics,
    endpoint_metrics,
    job_metrics,
    process_metrics,
)
from clary.gateway.pipeline import Page, Pipeline
from clary.gateway.post_policy import verify_post_policy
from clary.gateway.request_log import RequestLog
from clary.gateway.server import AsgiApplication
from clary.gateway.unverified import UnverifiedAuthenticator
from clary.services.catalog import BY_SIGNING_NAME, CATALOG
from clary.services.ecr.credentials import RegistryCredentials
from clary.services.ecr.guard import repository_guard
from clary.services.ecr.lifecycle import LifecyclePolicies
from clary.services.ecr.registry import Registry
from clary.services.s3.access import effective_policy, request_policy
from clary.services.s3.cors_headers import CorsHeaders
from clary.services.s3.forms import FormUploads
from clary.services.s3.request_conditions import action_conditions, object_conditions, request_conditions
from clary.services.s3.website_pages import WebsitePages
from clary.services.sagemaker.data_capture import DataCapture
from clary.services.sagemaker.own_images import ImageFinder
from clary.services.sagemaker.tuning.advice import Advice
from clary.services.sagemaker.tuning.coordinator import Coordinator
from clary.services.textract.upkeep import upkeep
from clary.storage.caller_access import Authorize
from clary.storage.identities import Identities
from clary.storage.objects import Objects
from clary.storage.weights import Weights

PRELOADED = (
    "threadpoolctl",
    "numpy",
    "scipy.sparse",
    "scipy.stats",
    "pyarrow.csv",
    "pyarrow.parquet",
    "optuna",
    "clary.app.job_supervisor",
    "clary.compute.executors.process",
    "clary.algorithms.train",
    "clary.algorithms.xgboost.spec",
    "clary.algorithms.readers.channels",
    "clary.algorithms.serve",
    "clary.services.personalize.programs.attributing",
    "clary.services.personalize.programs.batch",
    "clary.services.personalize.programs.importing",
    "clary.services.personalize.programs.serving",
    "clary.services.personalize.programs.training",
)
"""What the fork server loads: nearly all that a supervisor, a training and a serving process would otherwise import."""
WITH_OPENMP = (
    "sklearn.metrics",
    "sklearn.model_selection",
    "clary.algorithms.xgboost.training",
    "clary.engines.tuning.advisor",
)
"""What loads OpenMP. How its threads wait for each other is settled at that moment, and what is right for a job depends
on how busy the machine is when the job starts. So a process each, a fork of the first one, loads it for a busy and for
an idle machine."""


class Platform:
    """One Clary: build it, `start` it on an event loop, hand `application` to a server, `close` it.

    Args:
        folder: created and claimed.
    """

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        prices = Prices.load(Path(settings.prices_file).expanduser() if settings.prices_file else None)
        self.stores = Stores(folder, settings)
        _make_first_key(self.stores.identities, folder, settings)
        self.trunk = ForkServer(PRELOADED, fork=None if settings.fork_server else False, log=folder.server_log)
        self.fork_server = self.trunk.branch(WITH_OPENMP, PATIENT_THREADS)
        self.eager_server = self.trunk.branch(WITH_OPENMP, EAGER_THREADS)
        self.jobs = Jobs(
            self.stores.records,
            self.fork_server,
            folder.jobs,
            supervisor_program(settings, folder),
            machine=this_machine(settings.job_cpus),
            clock=self.stores.clock,
            prices=prices,
            eager=self.eager_server,
        )
        self.serving_costs = ServingCosts(self.stores.records, prices)
        containers = ContainerAccess(settings.container_socket, self.stores.images)
        self.image_finder = ImageFinder(self.stores.images, containers)
        self.hosting = self._hosting(settings, folder)
        self.engine_environment = EngineEnvironment(Weights(settings.weights), folder.engines, settings.objects_model)
        self.engines = self._engines(settings, folder)
        self.tuning = self._coordinator(folder)
        self.data_capture = DataCapture(self.stores.records, self.stores.data_access)
        self.registry_credentials = RegistryCredentials(
            self.stores.identities,
            self.stores.clock,
            verify=settings.verify_signatures,
            account=settings.account,
            region=settings.region,
        )
        authorizer = self._authorizer(settings)
        self.operations = operations_of(self._collaborators(settings, folder, authorizer))
        self.dispatcher = Dispatcher(self.operations, settings.worker_threads)
        self.request_log = RequestLog(folder.request_log, self.stores.clock)
        self.housekeeping = self._housekeeping(settings, folder)
        self.bookkeeping = Housekeeping([self.serving_costs.note, self.engines.end_idle], INTERVAL_SECONDS)
        self.pipeline = self._pipeline(settings, authorizer)
        self.application = AsgiApplication(self.pipeline)

    async def start(self) -> None:
        """Starts what works in the background; jobs and endpoints of an earlier life are found again."""
        self.fork_server.start()
        self.eager_server.start()
        self.jobs.start()
        self.tuning.start()
        await self.hosting.start()
        self.housekeeping.start()
        self.bookkeeping.start()

    async def close(self) -> None:
        """Ends endpoints, leaves jobs running, finishes writes."""
        await self.housekeeping.close()
        await self.bookkeeping.close()
        await self.data_capture.close()
        await self.hosting.close()
        self.tuning.close()
        self.jobs.close()
        self.engines.close()
        self.dispatcher.close()
        for server in (self.fork_server, self.eager_server, self.trunk):
            server.close()
        self.stores.close()
        self.request_log.close()

    def _collaborators(self, settings: Settings, folder: DataFolder, authorizer: Authorizer) -> dict[str, Any]:
        """What the families' `resources` functions may ask for, by parameter name."""
        stores = self.stores
        return {
            "settings": settings,
            "clock": stores.clock,
            "records": stores.records,
            "identities": stores.identities,
            "objects": stores.objects,
            "data_access": stores.data_access,
            "logs": stores.logs,
            "metrics": stores.metrics,
            "jobs": self.jobs,
            "hosting": self.hosting,
            "engines": self.engines,
            "engine_environment": self.engine_environment,
            "serving_costs": self.serving_costs,
            "data_capture": self.data_capture,
            "tuning": self.tuning,
            "images": stores.images,
            "image_finder": self.image_finder,
            "registry_credentials": self.registry_credentials,
            "personalize_folder": folder.personalize,
            "comprehend_folder": folder.comprehend,
            "rekognition_folder": folder.rekognition,
            "rekognition_entries": stores.rekognition_entries,
            "textract_folder": folder.textract,
            "textract_angles": settings.textract_rotation_angle,
            "personalize_events": stores.personalize_events,
            "authorize": bucket_authorization(authorizer, stores.objects),
        }

    def _housekeeping(self, settings: Settings, folder: DataFolder) -> Housekeeping:
        stores = self.stores
        lifecycles = LifecyclePolicies(stores.records, stores.images, stores.clock)
        return Housekeeping(
            [
                stores.logs.expire,
                stores.metrics.expire,
                lifecycles.carry_out,
                stores.images.sweep,
                lambda: remove_leftovers(settings.container_socket, folder.root),
                lambda: turn_over(folder.server_log),
                *upkeep(stores.records, self.jobs, folder.textract, stores.clock),
            ]
        )

    def _engines(self, settings: Settings, folder: DataFolder) -> EngineHosts:
        surroundings = HostSurroundings(
            folder.engines,
            folder.server_log,
            hidden=(folder.root, *sockets_to_hide(settings.container_socket)),
            environment=self.engine_environment,
        )
        most_calls = max(1, settings.worker_threads * 3 // 4)  # the rest stays for what does not wait for a model
        return EngineHosts(
            self.fork_server, surroundings, most_calls=most_calls, idle_seconds=60.0 * settings.engine_idle_minutes
        )

    def _coordinator(self, folder: DataFolder) -> Coordinator:
        advice = Advice(self.fork_server, folder.server_log)
        stores = self.stores
        images = self.image_finder.for_jobs
        return Coordinator(stores.records, self.jobs, stores.metrics, advice, stores.clock, images, folder.tuning)

    def _hosting(self, settings: Settings, folder: DataFolder) -> Hosting:
        containers = ContainerAccess(settings.container_socket, self.stores.images)
        return Hosting(
            self.stores.records,
            self.stores.data_access,
            self.stores.logs,
            self.stores.metrics,
            self.fork_server,
            folder.endpoints,
            unpack_limits=UnpackLimits(total_bytes=settings.unpacked_model_limit_bytes),
            preparation=ProgramEnvironments(Environments(settings.frameworks_folder)),
            hidden=(folder.root, *sockets_to_hide(settings.container_socket)),
            containers=containers,
            role_access=RoleAccess(self.stores.identities, folder.address, REPLICAS, containers),
        )

    def _authorizer(self, settings: Settings) -> Authorizer:
        rules = {
            api: ArnRule(family.action_prefix, family.has_region, family.has_account)
            for family in CATALOG.values()
            for api in family.apis
        }
        of_bucket, of_repository = bucket_guard(self.stores.objects), repository_guard(self.stores.images)

        def guard(call: Call, request: Mapping[str, Any]) -> Guard:
            if call.api != "ecr":
                return of_bucket(call, request)
            policy, account = of_repository(call, request)
            return Guard(policy, account)

        return Authorizer(self.stores.identities, rules, guard, enabled=settings.verify_signatures)

    def _pipeline(self, settings: Settings, authorizer: Authorizer) -> Pipeline:
        stores = self.stores
        cors = CorsHeaders(stores.objects, meaning_of_host)
        requests = RequestMetrics()
        pages: list[Page] = [
            self._metrics_page(requests),
            Registry(
                stores.records,
                stores.images,
                self.registry_credentials,
                stores.identities if settings.verify_signatures else None,
                meaning_of_host,
            ),
            WebsitePages(stores.objects, stores.identities, meaning_of_host),
            FormUploads(
                stores.objects,
                lambda fields: verify_post_policy(fields, stores.identities, stores.clock),
                stores.identities,
                meaning_of_host,
                stores.clock,
            ),
            cors,
        ]
        authenticator: Authenticator | UnverifiedAuthenticator = (
            Authenticator(stores.identities, stores.clock, bucket_of_host)
            if settings.verify_signatures
            else UnverifiedAuthenticator(stores.identities, settings.account)
        )
        return Pipeline(
            authenticator=authenticator,
            authorizer=authorizer,
            dispatcher=self.dispatcher,
            families=BY_SIGNING_NAME,
            clock=stores.clock,
            default_account=settings.account,
            default_region=settings.region,
            body_limit_bytes=settings.body_limit_bytes,
            pages=pages,
            finishers=[cors],
            observers=[requests, self.request_log],
        )

    def _metrics_page(self, requests: RequestMetrics) -> MetricsPage:
        return MetricsPage(
            [
                requests.families,
                job_metrics(self.stores.records),
                endpoint_metrics(self.stores.records),
                database_metrics({**self.stores.databases, "events": self.stores.personalize_events}),
                process_metrics(),
            ]
        )


def operations_of(collaborators: Mapping[str, Any]) -> Mapping[tuple[str, str], BoundOperation]:
    """The dispatch table of every family in the catalogue.

    Args:
        collaborators: what the families' `resources` functions may ask for, by parameter name.
    """
    resources: list[object] = []
    for family in CATALOG.values():
        if family.resources:
            module, _, name = family.resources.partition(":")
            resources += build(getattr(importlib.import_module(module), name), collaborators)
    return collect(resources)


def build(function: Callable[..., Any], collaborators: Mapping[str, Any]) -> Any:
    """Calls a function with the collaborators that its parameters name."""
    names = inspect.signature(function).parameters
    return function(**{name: collaborators[name] for name in names if name in collaborators})


def bucket_guard(objects: Objects) -> Callable[[Call, Mapping[str, Any]], Guard]:
    """Finds the policy and the owner of the bucket that an S3 request names, and the request's condition keys."""

    def guard(call: Call, request: Mapping[str, Any]) -> Guard:
        if call.api != "s3":
            return UNGUARDED
        conditions = request_conditions(request)
        if call.operation == "CreateBucket" or "Bucket" not in request:
            return Guard(conditions=conditions)
        bucket = objects.bucket(request["Bucket"])
        if bucket is None:
            return Guard(is_missing=True)
        conditions |= object_conditions(objects, call.operation, request)
        return Guard(request_policy(objects, bucket, request), bucket.account, conditions=conditions)

    return guard


def bucket_authorization(authorizer: Authorizer, objects: Objects) -> Authorize:
    """Checks an action on an ARN, for operations that touch a second object or resource, or another action."""

    def authorize(call: Call, action: str, arn: str, version_id: str | None = None) -> None:
        name, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
        bucket = objects.bucket(name)
        guard = UNGUARDED
        if bucket is not None:
            conditions = action_conditions(objects, action, name, key, version_id)
            guard = Guard(effective_policy(bucket), bucket.account, conditions=conditions)
        authorizer.check_action(call, action, arn, guard)

    return authorize


def _make_first_key(identities: Identities, folder: DataFolder, settings: Settings) -> None:
    if folder.load_first_key() is None:
        made = identities.bootstrap(settings.account)
        folder.save_first_key(
            FirstKey(made.access_key_id, made.secret_access_key, made.account, settings.region, made.role_arn)
        )
