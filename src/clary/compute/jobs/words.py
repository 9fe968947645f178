"""The words in which each kind of job tells its life: statuses and messages.

`states` decides what happens; what it is called depends on the kind of the job's record. A new kind of job is one line
in `WORDS`. Every kind goes through the same secondary statuses, which are SageMaker's; kinds whose AWS operations do
not show them simply never read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_MESSAGES: Mapping[str, str] = {
    "Submitted": "Starting the {job}",
    "Starting": "Preparing the instances for {activity}",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "The {job} was interrupted: its spot capacity was taken back",
    "Stopping": "Stopping the {job}",
    "Uploading": "Uploading generated output",
    "Completed": "{Job} completed",
    "Failed": "{Job} failed",
    "Stopped": "{Job} stopped",
    "MaxRuntimeExceeded": "{Job} runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "{Job} wait time exceeded MaxWaitTimeInSeconds provided",
    "Restarting": "Restarting the {job}",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of job speaks.

    Attributes:
        job: what it is called in messages.
        activity: what it does.
        waiting, running, stopping, completed, failed, stopped: the record's status meanwhile or afterwards.
        priced_as: the use of instances that the price table knows it by, "" for none.
        messages: secondary status -> message, where it is not the common one.
    """

    job: str = "job"
    activity: str = "the job"
    waiting: str = "InProgress"
    running: str = "InProgress"
    stopping: str = "Stopping"
    completed: str = "Completed"
    failed: str = "Failed"
    stopped: str = "Stopped"
    priced_as: str = ""
    messages: Mapping[str, str] = field(default_factory=dict)

    def message(self, secondary_status: str) -> str:
        """The message of the transition to a secondary status ("Submitted": of the very first one)."""
        template = self.messages.get(secondary_status) or _MESSAGES[secondary_status]
        return template.format(job=self.job, Job=self.job[:1].upper() + self.job[1:], activity=self.activity)

    def ended(self, how: str) -> str:
        """The status of a job that ended so: "Completed", "Failed" or "Stopped"."""
        return {"Completed": self.completed, "Failed": self.failed, "Stopped": self.stopped}[how]

    @property
    def final(self) -> frozenset[str]:
        """The statuses of a job that has ended."""
        return frozenset({self.completed, self.failed, self.stopped})


_IN_PROGRESS = {"Training": "The {job} is in progress"}

_COMPREHEND = {"waiting": "SUBMITTED", "stopping": "STOP_REQUESTED", "stopped": "STOPPED"}
_ANALYSIS = Words(
    "analysis job",
    "the analysis",
    **_COMPREHEND,
    running="IN_PROGRESS",
    completed="COMPLETED",
    failed="FAILED",
    messages=_IN_PROGRESS,
)
_DATASET = Words(
    "data set",
    "the import",
    waiting="CREATING",
    running="CREATING",
    stopping="CREATING",
    completed="COMPLETED",
    failed="FAILED",
    stopped="FAILED",
    messages=_IN_PROGRESS,
)
_OWN_MODEL = Words(
    "model",
    "training",
    **_COMPREHEND,
    running="TRAINING",
    completed="TRAINED",
    failed="IN_ERROR",
    messages=_IN_PROGRESS,
)

_DOCUMENT = Words(
    "analysis job",
    "the analysis",
    waiting="IN_PROGRESS",
    running="IN_PROGRESS",
    stopping="IN_PROGRESS",
    completed="SUCCEEDED",
    failed="FAILED",
    stopped="FAILED",
    messages=_IN_PROGRESS,
)
_REKOGNITION = {"waiting": "IN_PROGRESS", "running": "IN_PROGRESS", "completed": "SUCCEEDED", "failed": "FAILED"}

WORDS: Mapping[str, Words] = {
    "sagemaker:training-job": Words(
        "training job", "training", priced_as="training", messages={"Uploading": "Uploading generated training model"}
    ),
    "sagemaker:transform-job": Words("transform job", "transform", priced_as="transform", messages=_IN_PROGRESS),
    "sagemaker:processing-job": Words("processing job", "processing", priced_as="processing", messages=_IN_PROGRESS),
    "sagemaker:hyper-parameter-tuning-job": Words("hyperparameter tuning job", "tuning", messages=_IN_PROGRESS),
    "comprehend:document-classification-job": _ANALYSIS,
    "comprehend:dominant-language-detection-job": _ANALYSIS,
    "comprehend:entities-detection-job": _ANALYSIS,
    "comprehend:events-detection-job": _ANALYSIS,
    "comprehend:key-phrases-detection-job": _ANALYSIS,
    "comprehend:pii-entities-detection-job": _ANALYSIS,
    "comprehend:sentiment-detection-job": _ANALYSIS,
    "comprehend:targeted-sentiment-detection-job": _ANALYSIS,
    "comprehend:topics-detection-job": _ANALYSIS,
    "comprehend:flywheel-dataset": _DATASET,
    "rekognition:video-job": Words("job", "the analysis", **_REKOGNITION, messages=_IN_PROGRESS),
    "rekognition:media-analysis-job": Words("job", "the analysis", **_REKOGNITION, messages=_IN_PROGRESS),
    "rekognition:stream-session": Words(
        "session", "the session", **_REKOGNITION, stopping="STOPPING", stopped="STOPPED", messages=_IN_PROGRESS
    ),
    "rekognition:project-version": Words(
        "model",
        "training",
        waiting="TRAINING_IN_PROGRESS",
        running="TRAINING_IN_PROGRESS",
        completed="TRAINING_COMPLETED",
        failed="TRAINING_FAILED",
        messages=_IN_PROGRESS,
    ),
    "comprehend:document-classifier": _OWN_MODEL,
    "comprehend:entity-recognizer": _OWN_MODEL,
    "textract:text-detection-job": _DOCUMENT,
    "textract:document-analysis-job": _DOCUMENT,
    "textract:expense-analysis-job": _DOCUMENT,
    "textract:lending-analysis-job": _DOCUMENT,
    "textract:adapter-version": Words(
        "adapter version",
        "training",
        waiting="CREATION_IN_PROGRESS",
        running="CREATION_IN_PROGRESS",
        stopping="CREATION_IN_PROGRESS",
        completed="ACTIVE",
        failed="CREATION_ERROR",
        stopped="CREATION_ERROR",
        messages=_IN_PROGRESS,
    ),
}
"""Record kind -> its words."""

_OTHERS = Words(messages=_IN_PROGRESS)


def words_of(record_kind: str) -> Words:
    """The words of a kind of job; a kind without words of its own speaks of "the job"."""
    return WORDS.get(record_kind, _OTHERS)
