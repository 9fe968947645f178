from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.compute.contract import Channel
from clary.compute.jobs.channel_files import DataError, Source, channel_sources, check_names, shard
from clary.storage.object_values import Attributes
from tests.programs.job_stores import ROLE, Stores


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(tmp_path)
    yield stores
    stores.close()


def put(stores: Stores, *keys: str) -> None:
    for key in keys:
        stores.objects.put_bytes("data", key, key.encode(), Attributes())


def paths(stores: Stores, uri: str, **options: str) -> list[str]:
    return [source.path for source in channel_sources(stores.data, ROLE, Channel("train", uri, **options))]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://data/in/train", ["a.csv", "deep/b.csv", "train.csv", "train2/c.csv"]),
        ("s3://data/in/train/", ["a.csv", "deep/b.csv"]),
        ("s3://data/in/train/a.csv", ["a.csv"]),
        ("s3://data/in/tr", ["train/a.csv", "train/deep/b.csv", "train.csv", "train2/c.csv"]),
        ("s3://data/other.csv", ["other.csv"]),
        (
            "s3://data",
            ["in/train.csv", "in/train/a.csv", "in/train/deep/b.csv", "in/train2/c.csv", "other.csv"],
        ),
    ],
)
def test_a_prefix_selects_keys_and_names_them_below_it(stores: Stores, uri: str, expected: list[str]) -> None:
    put(stores, "in/train/", "in/train/a.csv", "in/train/deep/b.csv", "in/train.csv", "in/train2/c.csv", "other.csv")
    assert sorted(paths(stores, uri)) == sorted(expected)


def test_more_objects_than_a_page_of_the_listing_are_all_found(stores: Stores) -> None:
    put(stores, *(f"many/{number:05}" for number in range(1100)))
    assert len(paths(stores, "s3://data/many/")) == 1100


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"not json", "is not JSON"),
        (b'["a"]', "must be a list that begins with"),
        (b'[{"prefix": 1}, "a"]', "all of them strings"),
        (b'[{"prefix": "s3://data/"}, ["a"]]', "all of them strings"),
    ],
)
def test_a_manifest_that_is_none_is_refused_with_the_reason(stores: Stores, manifest: bytes, message: str) -> None:
    stores.objects.put_bytes("data", "m", manifest, Attributes())
    with pytest.raises(DataError, match=message):
        paths(stores, "s3://data/m", source_type="ManifestFile")


def test_a_manifest_keeps_its_order(stores: Stores) -> None:
    put(stores, "p/a", "p/b")
    stores.objects.put_bytes("data", "m", json.dumps([{"prefix": "s3://data/p/"}, "b", "a"]).encode(), Attributes())
    assert paths(stores, "s3://data/m", source_type="ManifestFile") == ["b", "a"]


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("s3://data/p/", "^NoSuchKey for s3://data/p/b: "),
        ("s3://no-such-bucket/p/", "^NoSuchBucket for s3://no-such-bucket/p/a: "),
    ],
)
def test_an_object_that_a_manifest_names_and_that_is_not_there_is_named(
    stores: Stores, prefix: str, message: str
) -> None:
    put(stores, "p/a")
    stores.objects.put_bytes("data", "m", json.dumps([{"prefix": prefix}, "a", "b"]).encode(), Attributes())
    with pytest.raises(DataError, match=message):
        paths(stores, "s3://data/m", source_type="ManifestFile")


def test_a_kind_of_source_that_clary_does_not_have_is_named(stores: Stores) -> None:
    with pytest.raises(DataError, match="AugmentedManifestFile; Clary has S3Prefix, ManifestFile"):
        paths(stores, "s3://data/m", source_type="AugmentedManifestFile")


def sources(*names: str) -> list[Source]:
    return [Source("data", name, 1, name) for name in names]


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "a/..", "..", ".", "/", "", "a\0b", "x" * 256, "é" * 128, "a/" + "x" * 300]
)
def test_a_key_that_cannot_be_a_file_of_the_channel_is_refused(name: str) -> None:
    with pytest.raises(DataError):
        check_names(sources(name), "train")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a//b", "a/b"), ("a", "a"), ("./a", "a")])
def test_two_keys_that_need_the_same_place_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="is there twice"):
        check_names(sources(*names), "train")


@given(st.lists(st.text(alphabet="ab./\\é\0", max_size=12), max_size=6, unique=True))
def test_whatever_the_keys_are_every_file_stays_inside_its_channel(names: list[str]) -> None:
    root = Path("/job/input/data/train")
    try:
        checked = check_names(sources(*names), "train")
    except DataError:
        return
    for source in checked:
        assert (root / source.path).is_relative_to(root)
        assert ".." not in Path(source.path).parts
    assert len({source.path for source in checked}) == len(names)


@given(st.integers(0, 20), st.integers(1, 5))
def test_the_shards_of_all_hosts_together_are_the_channel(count: int, hosts: int) -> None:
    everything = sources(*(str(number) for number in range(count)))
    channel = Channel("train", "s3://data/", distribution="ShardedByS3Key")
    parts = [shard(everything, channel, host, hosts) for host in range(hosts)]
    assert sorted((s.key for part in parts for s in part), key=int) == [s.key for s in everything]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert shard(everything, Channel("train", "s3://data/"), 0, hosts) == everything
