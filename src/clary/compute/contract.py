"""What a job, a program and a replica are: the values that services hand to `compute`.

A job is a program in a folder with SageMaker's `/opt/ml` contract; a replica is a serving program (`/ping`,
`/invocations`) on a Unix socket with a model folder. Everything here can be written as JSON and read back
(`dataclasses.asdict` and the `from_json` functions), because a job outlives the process that submitted it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Program:
    """What is run: `entry`, `argv` or `image` is set.

    Attributes:
        entry: "package.module:function" of Clary's own code. It is called in a child of the preloaded fork server as
            `function(folder, *args)`, where `folder` is the `Path` that stands for `/opt/ml`.
        argv: a program that a user brought. It runs isolated, with the job's folder at `/opt/ml`.
        args: further arguments of `entry`, or of an image's entry point ("train", "serve").
        environment: variables added to a minimal environment.
        image: a container image by digest ("REPOSITORY@sha256:..."), run with the job's folder at `/opt/ml`; `argv`
            then takes the place of the image's own entry point.
        visible: folders that a program needs and that isolation would hide (its framework's environment, the model
            that an `entry` uses): they stay in sight, read-only, at their own paths.
        writable: folders beside the job's own that an `entry` may read and write (a service's part of Clary's data).
        offline: that an `entry` needs no network: it gets none where the machine can take it away. What must not run
            elsewhere says so in `Limits.network`.
        framework: the framework whose environment `argv` runs in (a name of `frameworks.catalog`): its `python3`, `pip`
            and other programs come first on PATH. Whoever starts the program has it prepared before (`Preparation`).
    """

    entry: str = ""
    argv: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    image: str = ""
    visible: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    framework: str = ""
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    Attributes:
        cpus: whole CPUs of the instance type; the executor clamps them to the machine.
        memory_bytes: memory of the instance type; clamped likewise.
        runtime_seconds: after that long in training the job is stopped (SageMaker's MaxRuntimeInSeconds).
        pending_seconds: a job that waited longer in the queue fails; 0 waits for ever.
        wait_seconds: a job that waited and ran longer than this in all is stopped (SageMaker's MaxWaitTimeInSeconds,
            counted from its submission); 0: no limit.
        network: whether the program may reach the network.
        volume_bytes: what compressed channels may unpack to on each host (SageMaker's VolumeSizeInGB); 0: no limit.
    """

    cpus: int = 1
    memory_bytes: int = 4 << 30
    runtime_seconds: int = 86_400
    pending_seconds: int = 0
    network: bool = True
    volume_bytes: int = 0
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Spot:
    """That a job runs on idle capacity: it is interrupted when an on-demand job needs its room.

    Attributes:
        after_seconds: after so many seconds of training, in all attempts, it is interrupted because its user wants to
            see how it goes on.
        at_checkpoints: the same when so many checkpoints were written.
    """

    after_seconds: tuple[float, ...] = ()
    at_checkpoints: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Spot:
        """Reads what `dataclasses.asdict` wrote."""
        return cls(tuple(value["after_seconds"]), tuple(value["at_checkpoints"]))


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """That a job's part of the machine is kept for the next job like it: a warm pool.

    Attributes:
        matches: jobs with an equal text may run in one another's pools.
        seconds: for how long after the job; 0: it uses a pool but leaves none.
    """

    matches: str
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """An input channel: where a folder of inputs comes from. Values are SageMaker's own words.

    Attributes:
        folder: where it lies, relative to `/opt/ml`; "" means `input/data/NAME`.
    """

    name: str
    uri: str
    source_type: str = "S3Prefix"
    mode: str = "File"
    distribution: str = "FullyReplicated"
    compression: str = "None"
    content_type: str = ""
    record_wrapper: str = "None"
    shuffle_seed: int | None = None
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """What is uploaded at the end.

    Attributes:
        folder: relative to `/opt/ml`: "model", "output/data".
        uri: the object to write when `packing` is "tar.gz", the prefix to write below when it is "files".
        required: whether it is written even when the folder is empty.
        mode: "EndOfJob", or "Continuous": files are stored while the program runs, too.
        after_failure: whether it is written when the program failed.
    """

    folder: str
    uri: str
    packing: str = "tar.gz"
    required: bool = False
    mode: str = "EndOfJob"
    after_failure: bool = True


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric read from the log: the first group of `regex` is its value.

    Attributes:
        marker: a text that every line with the metric holds; "" tries the regular expression on every line.
    """

    name: str
    regex: str
    marker: str = ""


@functools.lru_cache(maxsize=1024)
def _metric(name: str, regex: str, marker: str = "") -> MetricDefinition:
    """The same object for the same metric: the jobs of an algorithm all have its dozens."""
    return MetricDefinition(name, regex, marker)


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as it is put into the queue.

    Attributes:
        id: unique; names the job's folder.
        record_kind, account, region, name, arn: the record whose status follows the job.
        role_arn: the role that inputs are read and outputs are written with.
        hosts: how many processes share the work, "algo-1" to "algo-N"; each has a folder of its own.
        log_group: events go to streams "NAME/algo-N-EPOCH" in it.
        metric_namespace, metric_dimension: where metrics are stored ("TrainingJobName").
        checkpoint_uri: S3 prefix kept in step with `checkpoint_folder` while the job runs, "" for none.
        processing: what `config/processingjobconfig.json` holds; not empty for processing jobs alone, whose folder
            is laid out in their way.
        transform: the batch transform that the job is, in the place of `program`.
        spot: set for a job on idle capacity.
        retries: how often it is started over after an error of Clary's own, beyond those it is spared anyway.
        keep_alive: set for a job that uses or leaves a warm pool.
        hourly_usd: AWS's price of one of its instances for an hour, None where it is not known.
        billed_share: the part of its seconds that AWS bills: less than all of them for spot instances.
        price_note: what is to be said of its price once it has ended.
    """

    id: str
    record_kind: str
    account: str
    region: str
    name: str
    arn: str
    role_arn: str
    program: Program
    limits: Limits = field(default_factory=Limits)
    instance_type: str = "ml.m5.large"
    hosts: int = 1
    hyperparameters: dict[str, str] = field(default_factory=dict)
    channels: tuple[Channel, ...] = ()
    outputs: tuple[Output, ...] = ()
    metrics: tuple[MetricDefinition, ...] = ()
    log_group: str = ""
    metric_namespace: str = ""
    metric_dimension: str = ""
    checkpoint_uri: str = ""
    checkpoint_folder: str = "checkpoints"
    processing: dict[str, Any] = field(default_factory=dict)
    transform: TransformPlan | None = None
    spot: Spot | None = None
    retries: int = 0
    keep_alive: KeepAlive | None = None
    hourly_usd: float | None = None
    billed_share: float = 1.0
    price_note: str = ""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> JobSpec:
        """Reads what `dataclasses.asdict` wrote."""
        return cls(
            **{
                **value,
                "program": program_from_json(value["program"]),
                "limits": Limits(**value["limits"]),
                "channels": tuple(Channel(**channel) for channel in value["channels"]),
                "outputs": tuple(Output(**output) for output in value["outputs"]),
                "metrics": tuple(_metric(**metric) for metric in value["metrics"]),
                "transform": TransformPlan.from_json(value["transform"]) if value.get("transform") else None,
                "spot": Spot.from_json(value["spot"]) if value.get("spot") else None,
                "keep_alive": KeepAlive(**value["keep_alive"]) if value.get("keep_alive") else None,
            }
        )


def program_from_json(value: dict[str, Any]) -> Program:
    """Reads a `Program` that `dataclasses.asdict` wrote."""
    tuples = {name: tuple(value.get(name, ())) for name in ("argv", "args", "visible", "writable")}
    return Program(**{**value, **tuples})


class NoSuchImage(OSError):
    """The program's image does not exist; the message is AWS's."""


class RunningProgram(Protocol):
    """A started program."""

    @property
    def pid(self) -> int:
        """The process group's leader."""
        ...

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """The exit code (negative: the signal that ended it), or None when it still runs after the timeout."""
        ...

    def terminate(self) -> None:
        """Sends SIGTERM to the program."""
        ...

    def kill(self) -> None:
        """Ends the whole tree of processes at once."""
        ...


class Executor(Protocol):
    """Starts programs.

    Promises:
        **Exit.** The exit code is told once, and only after the whole tree of processes is gone.
        **Logs.** Every byte the program wrote to stdout or stderr before it ended is in `log` when `wait` returns.
        **Isolation.** A program with `argv` sees its folder as `/opt/ml`; nothing else of the data folder is writable
        for it. Where the machine cannot do that, `isolation` says so and why.
    """

    @property
    def isolation(self) -> str:
        """How programs are isolated on this machine, or why they are not: a sentence for `clary doctor`."""
        ...

    def start(self, program: Program, folder: Path, limits: Limits, log: Path) -> RunningProgram:
        """Starts `program` with `folder` as its `/opt/ml`, its output appended to the file `log`.

        Raises:
            NoSuchImage: its image does not exist.
            OSError: it cannot be started.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReplicaPlan:
    """How to serve one model.

    Attributes:
        program: the serving program; an `entry` is called as `function(folder, socket_path, *args)`.
        model_uri: S3 address of `model.tar.gz`, "" for none; unpacked into `model/` of the replica's folder.
        code_uri: S3 address of the archive of the user's code, "" for none; unpacked into `code/`.
        startup_seconds: how long `/ping` may take to answer 200.
    """

    program: Program
    model_uri: str
    role_arn: str
    limits: Limits = field(default_factory=Limits)
    startup_seconds: int = 240
    code_uri: str = ""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ReplicaPlan:
        """Reads what `dataclasses.asdict` wrote."""
        return cls(**{**value, "program": program_from_json(value["program"]), "limits": Limits(**value["limits"])})


@dataclass(frozen=True, slots=True)
class TransformPlan:
    """A batch transform: objects go through a model, each becomes an object `output_uri/NAME.out`.

    Attributes:
        replica: how the model is served on each of the job's hosts; its role reads the inputs and writes the outputs.
        input: which objects; the job's hosts share them.
        split: "None", "Line", "RecordIO" or "TFRecord".
        strategy: "MultiRecord", "SingleRecord", or "" to ask the model.
        payload_bytes: of a request, at most; 0: no limit; None: ask the model.
        concurrent: requests at once to each replica; 0: ask the model.
        assemble: "None" or "Line".
        accept: the content type to ask for, "" for any.
        input_filter, output_filter: JSONPath.
        join: "None" or "Input".
        invocation_seconds: until a request has failed.
        invocation_retries: how often one that failed is sent again.
        capture_uri: the prefix below which is written what was read and written, "" for nowhere.
    """

    replica: ReplicaPlan
    input: Channel
    output_uri: str
    split: str = "None"
    strategy: str = ""
    payload_bytes: int | None = None
    concurrent: int = 0
    assemble: str = "None"
    accept: str = ""
    input_filter: str = "$"
    output_filter: str = "$"
    join: str = "None"
    invocation_seconds: int = 600
    invocation_retries: int = 3
    capture_uri: str = ""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> TransformPlan:
        """Reads what `dataclasses.asdict` wrote."""
        return cls(**{**value, "replica": ReplicaPlan.from_json(value["replica"]), "input": Channel(**value["input"])})


@dataclass(frozen=True, slots=True)
class VariantPlan:
    """A production variant: `replicas` equal replicas that get `weight` of the endpoint's requests."""

    name: str
    plan: ReplicaPlan
    weight: float = 1.0
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """What an endpoint should run.

    Attributes:
        arn: the endpoint record's ARN; its status and `body["hosting"]` follow.
        generation: grows with every change of the plan; a later one replaces an earlier one.
        log_group: "/aws/sagemaker/Endpoints/NAME"; streams are "VARIANT/i-ID".
    """

    arn: str
    account: str
    region: str
    name: str
    generation: int
    variants: tuple[VariantPlan, ...]
    log_group: str = ""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> EndpointPlan:
        """Reads what `dataclasses.asdict` wrote."""
        variants = [
            VariantPlan(**{**variant, "plan": ReplicaPlan.from_json(variant["plan"])}) for variant in value["variants"]
        ]
        return cls(**{**value, "variants": tuple(variants)})
