"""Puts the resources of Textract together."""

from __future__ import annotations

from pathlib import Path

from clary.compute.engine_hosts.hosts import Engines
from clary.compute.jobs.scheduler import Jobs
from clary.core.clock import Clock
from clary.core.human_loops import HumanLoops, NoHumanLoops
from clary.services.textract.adapters.adapter_learning import AdapterLearning
from clary.services.textract.adapters.adapter_states import AdapterStates
from clary.services.textract.adapters.adapter_versions import AdapterVersions
from clary.services.textract.adapters.adapters import Adapters
from clary.services.textract.documents import Documents
from clary.services.textract.engine import DocumentReader, asked_of_host
from clary.services.textract.jobs.analysis_jobs import AnalysisJobs
from clary.services.textract.jobs.document_jobs import DocumentJobs
from clary.services.textract.jobs.expense_jobs import ExpenseJobs
from clary.services.textract.jobs.lending_jobs import LendingJobs
from clary.services.textract.jobs.text_detection_jobs import TextDetectionJobs
from clary.services.textract.sources import Sources
from clary.services.textract.tags import Tags
from clary.storage.caller_access import Authorize, CallerAccess
from clary.storage.objects import Objects
from clary.storage.records import Records


def resources(
    *,
    records: Records,
    objects: Objects,
    jobs: Jobs,
    engines: Engines,
    clock: Clock,
    authorize: Authorize,
    textract_folder: Path,
    human_loops: HumanLoops | None = None,
    textract_angles: bool = False,
) -> list[object]:
    """The resource classes of Textract.

    Args:
        authorize: says whether a caller may do something with an S3 ARN.
        textract_folder: for documents, results and adapters.
        human_loops: has people look at answers; None: no loop ever starts.
        textract_angles: whether blocks tell their RotationAngle.
    """
    sources = Sources(CallerAccess(objects, authorize))
    states = AdapterStates(records, textract_folder)
    learning = AdapterLearning(records, jobs, states, clock)
    documents = DocumentJobs(records, jobs, sources, textract_folder, angles=textract_angles)
    reader = DocumentReader(asked_of_host(engines))
    return [
        Documents(sources, reader, states, human_loops or NoHumanLoops(), angles=textract_angles),
        TextDetectionJobs(documents),
        AnalysisJobs(documents, states),
        ExpenseJobs(documents),
        LendingJobs(documents),
        Adapters(records, states),
        AdapterVersions(records, sources, states, learning),
        Tags(records),
    ]
