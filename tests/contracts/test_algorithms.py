"""What every built-in algorithm promises (see `clary.algorithms.contract.Algorithm`), tried on a tiny job of each."""

import json
import subprocess
import sys
from functools import cache

import pytest

from clary.algorithms import ALGORITHMS
from clary.algorithms.catalog import algorithm
from clary.algorithms.contract import AlgorithmError, ContentTypeError
from tests.contracts.tiny_jobs import TINY_JOBS
from tests.unit.algorithms.jobs import make_job, start_training, terminated_after

REPOSITORIES = sorted({algorithm(repository).name: repository for repository in ALGORITHMS}.values())

pytestmark = pytest.mark.parametrize("repository", REPOSITORIES)

ASK = """
import sys
from pathlib import Path
from clary.algorithms.catalog import algorithm
predictor = algorithm(sys.argv[1]).load(Path(sys.argv[2]), {})
sys.stdout.buffer.write(predictor.predict(sys.stdin.buffer.read(), sys.argv[3], "")[0])
"""


@cache
def tiny(repository):
    return TINY_JOBS[algorithm(repository).name]()


def first_type(repository):
    return algorithm(repository).train_content_types[-1]


def train(repository, root, hyperparameters=None, content_type=None, **options):
    """Trains the tiny job in this process."""
    job = tiny(repository)
    content_type = content_type or first_type(repository)
    make_job(
        root, {**job.hyperparameters, **(hyperparameters or {})}, job.channels[content_type], content_type, **options
    )
    algorithm(repository).train(root)
    return root


def answers(repository, root):
    """The answers of a model, loaded in this process, to a request of each content type."""
    predictor = algorithm(repository).load(root / "model", {})
    return {name: predictor.predict(body, name, "")[0] for name, body in tiny(repository).requests.items()}


def test_every_declared_content_type_has_an_example(repository):
    declared = algorithm(repository)
    assert set(tiny(repository).channels) == set(declared.train_content_types)
    assert set(tiny(repository).requests) == set(declared.inference_content_types)


def test_each_training_content_type_is_learnt_from(repository, tmp_path):
    for number, content_type in enumerate(algorithm(repository).train_content_types):
        root = train(repository, tmp_path / str(number), content_type=content_type)
        assert all(answers(repository, root).values()), content_type


def test_a_new_process_gives_equal_answers(repository, tmp_path):
    root = train(repository, tmp_path)
    content_type, answer = next(iter(answers(repository, root).items()))
    asked = subprocess.run(
        [sys.executable, "-c", ASK, repository, str(root / "model"), content_type],
        input=tiny(repository).requests[content_type],
        capture_output=True,
        check=True,
    )
    assert asked.stdout == answer


def test_a_job_goes_on_from_its_checkpoint_to_the_same_model(repository, tmp_path, capsys):
    whole = train(repository, tmp_path / "whole", checkpoints=True)
    resumed = train(repository, tmp_path / "resumed", tiny(repository).first_half, checkpoints=True)
    assert answers(repository, resumed) != answers(repository, whole)
    capsys.readouterr()
    train(repository, tmp_path / "resumed", checkpoints=True)
    assert "heckpoint" in capsys.readouterr().out
    assert answers(repository, resumed) == answers(repository, whole)


def test_bad_hyperparameters_are_refused_by_name_before_and_in_the_job(repository, tmp_path):
    job = tiny(repository)
    for name, value in job.broken.items():
        problems = algorithm(repository).validate({**job.hyperparameters, name: value})
        assert len(problems) == 1
        assert name in problems[0]
        with pytest.raises(AlgorithmError, match=name):
            train(repository, tmp_path / name, {name: value})


def test_good_hyperparameters_have_no_problems(repository):
    assert algorithm(repository).validate(tiny(repository).hyperparameters) == []


def test_a_missing_required_hyperparameter_is_named(repository):
    for row in algorithm(repository).hyperparameters:
        if row.required:
            assert any(row.name in problem for problem in algorithm(repository).validate({}))


def test_the_same_seed_gives_the_same_model_and_another_seed_another(repository, tmp_path):
    first = answers(repository, train(repository, tmp_path / "first"))
    assert answers(repository, train(repository, tmp_path / "second")) == first
    if seed := tiny(repository).seed:
        assert answers(repository, train(repository, tmp_path / "third", {seed: "99"})) != first


def test_sigterm_ends_the_job_with_a_usable_model(repository, tmp_path):
    job, content_type = tiny(repository), first_type(repository)
    make_job(tmp_path, {**job.hyperparameters, **job.long}, job.channels[content_type], content_type)
    program = start_training(tmp_path, repository)
    log = terminated_after(program, job.started)
    assert program.returncode == 0, log
    assert all(answers(repository, tmp_path).values())


def test_a_failure_is_written_for_the_job(repository, tmp_path):
    job, content_type = tiny(repository), first_type(repository)
    make_job(tmp_path, {**job.hyperparameters, "no_such_thing": "1"}, job.channels[content_type], content_type)
    program = start_training(tmp_path, repository)
    log, _ = program.communicate(timeout=60)
    assert program.returncode == 1
    failure = (tmp_path / "output" / "failure").read_text()
    assert failure.startswith("ClientError: ")
    assert "no_such_thing" in failure
    assert failure in log
    assert "Traceback" not in log


def test_a_missing_channel_is_named(repository, tmp_path):
    for channel in algorithm(repository).required_channels:
        root = make_job(tmp_path / channel, tiny(repository).hyperparameters, {})
        with pytest.raises(AlgorithmError, match=channel):
            algorithm(repository).train(root)


def test_an_unknown_content_type_is_refused_in_training_and_serving(repository, tmp_path):
    root = train(repository, tmp_path / "job")
    predictor = algorithm(repository).load(root / "model", {})
    with pytest.raises(ContentTypeError) as caught:
        predictor.predict(b"x", "image/x-nothing", "")
    assert caught.value.status == 415
    config = root / "input" / "config" / "inputdataconfig.json"
    described = json.loads(config.read_text())
    for channel in described.values():
        channel["ContentType"] = "image/x-nothing"
    config.write_text(json.dumps(described))
    with pytest.raises(AlgorithmError, match="image/x-nothing"):
        algorithm(repository).train(root)


def test_training_writes_only_where_it_may(repository, tmp_path):
    root = train(repository, tmp_path / "job")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job"]
    assert {path.name for path in root.iterdir()} <= {"input", "model", "output"}


def test_a_folder_without_a_model_is_not_loaded(repository, tmp_path):
    with pytest.raises(AlgorithmError):
        algorithm(repository).load(tmp_path, {})


def test_tuning_ranges_are_inside_of_what_a_hyperparameter_accepts(repository):
    for row in algorithm(repository).hyperparameters.tunable:
        for end in (row.tunable.low, row.tunable.high):
            row.domain.parse(str(int(end)) if row.domain.type_name == "Integer" else str(end))
