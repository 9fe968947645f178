"""Puts the resources of Rekognition together."""

from __future__ import annotations

from pathlib import Path

from clary.compute.engine_hosts.hosts import Engines
from clary.compute.hosting.endpoints import Hosting
from clary.compute.jobs.scheduler import Jobs
from clary.core.clock import Clock
from clary.core.human_loops import HumanLoops, NoHumanLoops
from clary.services.rekognition.celebrities import Celebrities, Gallery
from clary.services.rekognition.custom_labels.datasets import Datasets
from clary.services.rekognition.custom_labels.entry_store import EntryStore
from clary.services.rekognition.custom_labels.model_hosting import ModelHosting
from clary.services.rekognition.custom_labels.project_policies import ProjectPolicies
from clary.services.rekognition.custom_labels.project_versions import ProjectVersions
from clary.services.rekognition.custom_labels.projects import Projects
from clary.services.rekognition.custom_labels.running_models import RunningModels
from clary.services.rekognition.custom_labels.training_sets import TrainingSets
from clary.services.rekognition.face_detection import FaceDetection
from clary.services.rekognition.faces.collections import Collections
from clary.services.rekognition.faces.face_copies import FaceCopies
from clary.services.rekognition.faces.face_indexes import FaceIndexes
from clary.services.rekognition.faces.face_search import FaceSearch
from clary.services.rekognition.faces.face_store import FaceStore
from clary.services.rekognition.faces.faces import Faces
from clary.services.rekognition.faces.holdings import Holdings
from clary.services.rekognition.faces.user_search import UserSearch
from clary.services.rekognition.faces.users import Users
from clary.services.rekognition.labels import Labels
from clary.services.rekognition.liveness import LivenessSessions
from clary.services.rekognition.media_analysis import MediaAnalysisJobs
from clary.services.rekognition.moderation import Moderation
from clary.services.rekognition.pictures import Pictures
from clary.services.rekognition.protective_equipment import ProtectiveEquipment
from clary.services.rekognition.request_tokens import RequestTokens
from clary.services.rekognition.sight import Sight
from clary.services.rekognition.tags import Tags
from clary.services.rekognition.texts import Texts
from clary.services.rekognition.videos.stream_processors import StreamProcessors
from clary.services.rekognition.videos.stream_sessions import StreamSessions, streams_folder
from clary.services.rekognition.videos.video_analysis import VideoAnalysis
from clary.services.rekognition.videos.video_jobs import EngineEnvironment, Surroundings, VideoJobs
from clary.services.rekognition.videos.video_people import VideoPeople
from clary.services.rekognition.videos.video_segments import VideoSegments
from clary.services.rekognition.vision import Vision
from clary.storage.caller_access import Authorize, CallerAccess
from clary.storage.identities import Identities
from clary.storage.objects import Objects
from clary.storage.records import Records


def resources(
    *,
    records: Records,
    identities: Identities,
    objects: Objects,
    authorize: Authorize,
    jobs: Jobs,
    hosting: Hosting,
    engines: Engines,
    engine_environment: EngineEnvironment,
    clock: Clock,
    rekognition_folder: Path,
    rekognition_entries: EntryStore,
    human_loops: HumanLoops | None = None,
) -> list[object]:
    """The resource classes of Rekognition.

    Args:
        authorize: checks what a caller may do with S3's objects, and with a second resource of a request.
        engines: reaches the vision engine.
        engine_environment: tells programs where the engine's weights are.
        rekognition_folder: where videos, models and results lie.
        rekognition_entries: the lines of Custom Labels' data sets.
        human_loops: starts reviews by people; None starts none.
    """
    vision = Vision(engines)
    pictures = Pictures(CallerAccess(objects, authorize))
    store = FaceStore(records.database)
    copies = FaceCopies(streams_folder(rekognition_folder))
    sight, held = Sight(pictures, vision), Holdings(records, store, FaceIndexes(store, vision, copies))
    gallery, search = Gallery(held), FaceSearch(held, sight)
    around = Surroundings(records, jobs, pictures, clock, rekognition_folder, engine_environment)
    videos = VideoJobs(around)
    return [
        Labels(sight),
        FaceDetection(sight),
        Texts(sight),
        Moderation(sight, human_loops or NoHumanLoops()),
        ProtectiveEquipment(sight),
        Celebrities(sight, gallery),
        Collections(held),
        Faces(held, sight),
        search,
        Users(held, RequestTokens(records)),
        UserSearch(held, sight),
        LivenessSessions(records, pictures, clock),
        VideoAnalysis(videos),
        VideoSegments(videos),
        VideoPeople(held, videos, search, gallery),
        StreamProcessors(records, jobs, StreamSessions(around, objects, held, copies), identities, authorize),
        MediaAnalysisJobs(around),
        *_custom_labels(around, rekognition_entries, hosting, authorize),
        Tags(records),
    ]


def _custom_labels(around: Surroundings, entries: EntryStore, hosting: Hosting, authorize: Authorize) -> list[object]:
    records, pictures = around.records, around.pictures
    versions = ProjectVersions(around, TrainingSets(records, entries, pictures), authorize)
    running = ModelHosting(records, hosting, around.environment)
    return [
        Projects(records, entries, around.clock),
        Datasets(records, entries, pictures, around.clock, authorize),
        ProjectPolicies(records),
        versions,
        RunningModels(records, versions, running, hosting, pictures),
    ]
