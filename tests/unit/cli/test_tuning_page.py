from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from clary.cli.tuning import page_of


def line(number: int, value: float | None, status: str = "Completed", way: str = "Maximize") -> dict[str, Any]:
    found: dict[str, Any] = {
        "TrainingJobName": f"job-{number}",
        "TrainingJobStatus": status,
        "TunedHyperParameters": {"kind": "<b>"},
    }
    if value is not None:
        metric = {"Type": way, "MetricName": "validation:auc", "Value": value}
        found["FinalHyperParameterTuningJobObjectiveMetric"] = metric
    return found


def picture(page: str) -> ElementTree.Element:
    start, end = page.index("<svg"), page.index("</svg>") + len("</svg>")
    return ElementTree.fromstring(page[start:end])


@pytest.mark.parametrize(("way", "heights"), [("Maximize", 2), ("Minimize", 2)])
def test_the_picture_has_a_dot_for_each_result_and_a_line_of_the_best_so_far(way: str, heights: int) -> None:
    values = [0.5, 0.7, None, 0.6] if way == "Maximize" else [0.7, 0.5, None, 0.6]
    lines = [line(n, value, "Failed" if value is None else "Completed", way) for n, value in enumerate(values)]
    drawn = picture(page_of("t", "Completed", lines))
    assert len(drawn.findall("circle")) == 3
    best = drawn.find("polyline")
    assert best is not None
    downs = [point.split(",")[1] for point in best.attrib["points"].split()]
    assert downs[1] == downs[2] != downs[0]
    assert len(set(downs)) == heights


def test_the_best_trial_stands_first_and_names_are_escaped() -> None:
    page = page_of("t", "InProgress", [line(1, 0.5), line(2, None, "InProgress"), line(3, 0.9, "Stopped")])
    assert page.index("<td>job-3") < page.index("<td>job-1") < page.index("<td>job-2")
    assert "<b>" not in page
    assert 'class="stopped"' in page


def test_a_page_without_results_says_so() -> None:
    assert "No trial has a result yet" in page_of("t", "InProgress", [])
