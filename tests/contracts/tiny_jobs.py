"""One tiny training job for each built-in algorithm: what the contract suite trains, asks and spoils.

A new algorithm adds an entry to `TINY_JOBS`; the suite fails until it has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.unit.algorithms.jobs import WRITERS, as_csv, as_libsvm, as_recordio, tiny_rows


@dataclass(frozen=True)
class TinyJob:
    """What the suite needs to know about an algorithm.

    Attributes:
        hyperparameters: for a job of about a second.
        channels: training content type -> channel -> bytes; every declared content type has to be there.
        requests: inference content type -> body; every declared content type has to be there.
        long: hyperparameters that make the job last until it is stopped.
        first_half: hyperparameters that make it end half-way, to be resumed with `hyperparameters`.
        started: what the log says once there is something worth saving.
        seed: the hyperparameter of the seed, "" when there is none.
        broken: hyperparameter -> a value that it cannot have.
    """

    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Mapping[str, bytes]]
    requests: Mapping[str, bytes]
    long: Mapping[str, str]
    first_half: Mapping[str, str]
    started: str
    seed: str
    broken: Mapping[str, str]


def _xgboost() -> TinyJob:
    rows = tiny_rows(300)
    questions = tiny_rows(6, seed=1)
    instances = b'{"features":[0.1,0.2,0.3,null]}'
    return TinyJob(
        hyperparameters={"num_round": "6", "objective": "binary:logistic", "subsample": "0.7", "seed": "5"},
        channels={
            name: {"train": write(rows[:200]), "validation": write(rows[200:])} for name, write in WRITERS.items()
        },
        requests={
            "text/csv": as_csv(questions[:, 1:]),
            "text/libsvm": as_libsvm(questions),
            "text/x-libsvm": as_libsvm(questions),
            "application/json": b'{"instances":[' + instances + b"," + instances + b"]}",
            "application/jsonlines": instances + b"\n" + instances,
            "application/x-recordio-protobuf": as_recordio(questions[:, 1:], labelled=False),
        },
        long={"num_round": "1000000"},
        first_half={"num_round": "3"},
        started="[2]#011train-logloss",
        seed="seed",
        broken={"eta": "7", "num_round": "none", "max_depth": "-1", "objective": "binary:best", "no_such_thing": "1"},
    )


TINY_JOBS = {"xgboost": _xgboost}
