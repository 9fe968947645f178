"""The page of an import tells what is in it, whatever stands there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clary.services.personalize.programs import import_page
from clary.services.personalize.programs.importing import check_and_write

from .schemas import GENRES, ITEM, TIME, USER, VALUE, columns


def told(tmp_path: Path, text: str, *fields: Any) -> tuple[dict[str, Any], str]:
    """The report and the page of some rows."""
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    wanted = columns(*fields)
    assert not check_and_write([("a.csv", tmp_path / "a.csv")], wanted, tmp_path).count
    import_page.write(tmp_path / "report", "Import <one>", tmp_path, wanted)
    report = json.loads((tmp_path / "report/report.json").read_text())
    return report, (tmp_path / "report/report.html").read_text(encoding="utf-8")


def test_interactions_show_counts_spans_and_long_tails(tmp_path: Path) -> None:
    rows = ["u1,a,0,2.5", "u1,a,86400,", "u2,<b>,172800,1.5", "u2,a,259200,"]
    report, page = told(tmp_path, "\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_VALUE", *rows]), USER, ITEM, TIME, VALUE)
    assert report["rows"] == 4
    assert report["columns"]["ITEM_ID"]["most_frequent"] == {"a": 3, "<b>": 1}
    assert report["columns"]["EVENT_VALUE"] == {"type": "float", "nulls": 2, "least": 1.5, "mean": 2.0, "most": 2.5}
    assert report["columns"]["TIMESTAMP"]["to"].startswith("1970-01-04")
    assert report["interactions_per"]["ITEM_ID"]["share_of_the_top_fifth"] == 0.75
    assert report["interactions_per"]["USER_ID"]["count"] == 2
    assert page.count("<polyline") == 2
    assert "<b>" not in page and "&lt;b&gt;" in page and "Import &lt;one&gt;" in page


def test_numbers_of_any_size_are_told(tmp_path: Path) -> None:
    stock = {"name": "STOCK", "type": "long"}
    report, _ = told(tmp_path, f"ITEM_ID,STOCK\na,{2**62 + 1}\nb,{2**62 + 1}\n", ITEM, stock)
    assert report["columns"]["STOCK"]["most"] == 2**62 + 1


def test_a_catalogue_has_no_tail_and_many_different_values_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_page, "MOST_DIFFERENT", 2)
    report, page = told(tmp_path, "ITEM_ID,GENRES\na,X\nb,\nc,X\n", ITEM, GENRES)
    assert report["interactions_per"] == {}
    assert report["columns"]["ITEM_ID"]["different"] == 2
    assert "first 2 different" in report["columns"]["ITEM_ID"]["note"]
    assert report["columns"]["GENRES"] == {"type": "string", "nulls": 1, "different": 1, "most_frequent": {"X": 2}}
    assert "polyline" not in page
