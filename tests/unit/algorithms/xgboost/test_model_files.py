import io
import pickle
import tarfile

import numpy as np
import pytest
import xgboost

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.xgboost import model_files


@pytest.fixture
def booster():
    return xgboost.train({"max_depth": 2}, xgboost.DMatrix(np.eye(4), label=np.arange(4)), 3)


def archive(tmp_path, members):
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for name, data in members:
            member = tarfile.TarInfo(name)
            if data is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                member.size = len(data)
            packed.addfile(member, io.BytesIO(data or b""))
    return path


@pytest.mark.parametrize("form", ["ubj", "json"])
def test_both_formats_of_xgboost_are_loaded(booster, form):
    loaded = model_files.to_booster(bytes(booster.save_raw(form)), "m")
    assert loaded.num_boosted_rounds() == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pickle.dumps({"a": 1}), "is a Python pickle"),
        (pickle.dumps(print, protocol=0), "pickle"),
        (b"binf" + bytes(100), "not an XGBoost model in JSON or UBJSON"),
        (b"", "not an XGBoost model in JSON or UBJSON"),
        (b"{}", "is not an XGBoost model"),
        (b'{"learner": 3}', "is not an XGBoost model"),
        (b"{L\x00\x00", "is not an XGBoost model"),
    ],
)
def test_anything_else_is_refused(data, words):
    with pytest.raises(AlgorithmError) as caught:
        model_files.to_booster(data, "m")
    assert words in str(caught.value)


def test_a_model_is_taken_from_an_archive_whatever_its_folder(booster, tmp_path):
    data = model_files.to_bytes(booster)
    path = archive(tmp_path, [("notes.txt", b"x"), ("../../xgboost-model", data)])
    assert model_files.from_file(path) == data
    assert sorted(item.name for item in tmp_path.iterdir()) == ["model.tar.gz"]


def test_links_in_an_archive_are_not_followed(tmp_path):
    with pytest.raises(AlgorithmError, match="holds no xgboost-model"):
        model_files.from_file(archive(tmp_path, [("xgboost-model", None)]))


def test_a_member_that_is_too_large_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "MOST_MODEL_BYTES", 1 << 20)
    with pytest.raises(AlgorithmError, match="is larger than"):
        model_files.from_file(archive(tmp_path, [("xgboost-model", bytes(2 << 20))]))


def test_a_broken_archive_is_refused(tmp_path):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"\x1f\x8b" + bytes(50))
    with pytest.raises(AlgorithmError, match="is not a model archive"):
        model_files.from_file(path)


def test_a_write_leaves_no_part_behind(tmp_path):
    model_files.write(b"abc", tmp_path / "xgboost-model")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("xgboost-model", b"abc")]


def test_an_error_of_xgboost_is_told_without_its_source_and_stack():
    text = "[10:00:00] /workspace/src/learner.cc:42: Check failed: x > 0: x is bad\nStack trace:\n  [bt] (0) lib"
    assert model_files.first_sentence(text) == "Check failed: x > 0: x is bad"
