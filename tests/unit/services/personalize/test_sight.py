"""What of Personalize's folder the programs see."""

from __future__ import annotations

from pathlib import Path

from clary.services.personalize.sight import readable

from .conftest import Office
from .test_resources import version_of


def test_data_sets_deletions_and_models_that_are_named_are_readable_and_nothing_else(tmp_path: Path) -> None:
    datasets = {"ITEMS": {"id": "d1", "segments": ["datasets/d1/j"], "deletions": {"datasets/d1/j": ["deletions/x"]}}}
    found = readable(tmp_path, datasets, "models/m")
    below = ("datasets/d1", "events/d1", "deletions/x", "models/m")
    assert found == tuple(str(tmp_path / place) for place in below)
    assert (tmp_path / "events/d1").is_dir()  # what will be put there has to be seen
    assert (tmp_path / "datasets/d1").is_dir()  # a data set that nothing was imported into can be looked at, too


def test_what_answers_cannot_change_models_and_data_sets(office: Office) -> None:
    version = version_of(office, office.group())
    office.finish(version)
    office.call("CreateCampaign", name="c", solutionVersionArn=version)
    program = office.hosting.applied[-1].variants[0].plan.program
    record = office.records.by_arn(version)
    assert record is not None
    assert program.writable == ()
    assert program.offline
    assert str(office.folder / record.body["model"]) in program.visible
    assert not any(str(office.folder / place) in program.visible for place in ("", "models", "datasets"))


def test_a_training_writes_its_own_model_and_reads_its_data_sets(office: Office) -> None:
    version = version_of(office, office.group())
    spec = next(entry.spec for entry in office.queue.entries() if entry.spec.arn == version)
    record = office.records.by_arn(version)
    assert record is not None
    assert spec.program.writable == (str(office.folder / record.body["model"]),)
    assert spec.program.offline
    seen = sorted(str(Path(place).parent.relative_to(office.folder)) for place in spec.program.visible)
    assert seen == ["datasets", "datasets", "events", "events"]
