from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from clary.core.call import ANONYMOUS, Call
from clary.core.clock import FixedClock
from clary.core.operations import collect
from clary.services.cloudwatch.errors import (
    InvalidNextToken,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
    ValidationError,
)
from clary.services.cloudwatch.resources import resources
from clary.storage.database import Database
from clary.storage.metrics import SCHEMA, Metrics

START = 1_699_999_200  # a full hour


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


class Service:
    def __init__(self, path: Path) -> None:
        self.clock = FixedClock(START + 3600)
        self.database = Database(path / "metrics.db", SCHEMA)
        self.table = collect(resources(metrics=Metrics(self.database, self.clock), clock=self.clock))

    def __call__(self, operation: str, **request):
        call = Call("cloudwatch", operation, "123456789012", "us-east-1", ANONYMOUS, "id", datetime.now(UTC))
        return self.table["cloudwatch", operation].handler(call, request)

    def put(self, *data: dict, namespace: str = "n", **datum) -> None:
        data = data or (datum,)
        self("PutMetricData", Namespace=namespace, MetricData=[{"MetricName": "m", **each} for each in data])

    def statistics(self, *statistics: str, start: float = 0, end: float = 3600, period: int = 60, **request):
        wanted = {"Statistics": list(statistics)} if statistics else {}
        answer = self(
            "GetMetricStatistics",
            **{"Namespace": "n", "MetricName": "m", "StartTime": at(start), "EndTime": at(end), "Period": period,
               **wanted, **request},
        )  # fmt: skip
        return answer["Datapoints"]

    def data(self, *queries: dict, start: float = 0, end: float = 3600, **request):
        return self("GetMetricData", MetricDataQueries=list(queries), StartTime=at(start), EndTime=at(end), **request)

    def values(self, *queries: dict, **request) -> list[tuple[str, list[float], list[float]]]:
        request.setdefault("ScanBy", "TimestampAscending")
        return [
            (line["Id"], [time - START for time in line["Timestamps"]], line["Values"])
            for line in self.data(*queries, **request)["MetricDataResults"]
        ]


def query(name: str = "m", identifier: str = "q", stat: str = "Sum", period: int = 60, **more):
    metric = {"Namespace": "n", "MetricName": name}
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def expression(text: str, identifier: str = "e", **more):
    return {"Id": identifier, "Expression": text, **more}


@pytest.fixture
def service(tmp_path: Path):
    service = Service(tmp_path)
    yield service
    service.database.close()


def test_statistics_are_summed_up_from_the_rounded_start(service):
    for second, value in ((0, 1.0), (59, 3.0), (130, 8.0)):
        service.put(Value=value, Timestamp=at(second), Unit="Seconds")
    points = service.statistics("SampleCount", "Average", "Sum", "Minimum", "Maximum", start=17)
    assert points[0] == {
        "Timestamp": float(START),
        "Unit": "Seconds",
        "SampleCount": 2.0,
        "Average": 2.0,
        "Sum": 4.0,
        "Minimum": 1.0,
        "Maximum": 3.0,
    }
    assert [point["Timestamp"] - START for point in points] == [0, 120]
    assert [p["Timestamp"] - START for p in service.statistics("Sum", start=70, period=120)] == [60]
    assert service.statistics("Sum", Unit="Count") == []
    assert service.statistics("Sum", MetricName="other") == []


def test_what_the_training_job_analytics_of_the_sdk_ask_is_answered(service):
    name = {"Name": "TrainingJobName", "Value": "job"}
    data = [
        {"MetricName": "validation:auc", "Dimensions": [name], "Timestamp": at(s), "Value": 0.5 + s / 1000}
        for s in (10, 70)
    ]
    service("PutMetricData", Namespace="/aws/sagemaker/TrainingJobs", MetricData=data)
    answer = service(
        "GetMetricStatistics",
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="validation:auc",
        Dimensions=[name],
        StartTime=at(5),
        EndTime=at(75 + 60),
        Period=60,
        Statistics=["Average"],
    )
    assert [point["Average"] for point in answer["Datapoints"]] == [0.5 + 10 / 1000, 0.5 + 70 / 1000]


def test_values_with_counts_give_percentiles_and_sums_do_not(service):
    service.put(Values=[10.0, 20.0, 30.0], Counts=[1, 2, 1], Timestamp=at(0))
    service.put(StatisticValues={"SampleCount": 2, "Sum": 9, "Minimum": 4, "Maximum": 5}, Timestamp=at(60))
    points = service.statistics(ExtendedStatistics=["p0", "p50", "p100", "tm50", "TS(25%:75%)", "PR(:20)", "IQM"])
    assert points[0]["ExtendedStatistics"] == {
        "p0": 10.0, "p50": 20.0, "p100": 30.0, "tm50": 15.0, "TS(25%:75%)": 40.0, "PR(:20)": 75.0, "IQM": 20.0,
    }  # fmt: skip
    assert "ExtendedStatistics" not in points[1]
    assert service.statistics("Average")[1]["Average"] == 4.5


def test_wrong_questions_are_refused(service):
    with pytest.raises(InvalidParameterCombinationException, match="exceeds the limit of 1,440"):
        service.statistics("Sum", start=0, end=1441 * 60)
    with pytest.raises(InvalidParameterValueException, match="Period"):
        service.statistics("Sum", period=61)
    with pytest.raises(InvalidParameterValueException, match="StartTime"):
        service.statistics("Sum", start=60, end=60)
    with pytest.raises(InvalidParameterCombinationException):
        service.statistics()
    with pytest.raises(InvalidParameterCombinationException):
        service.statistics("Sum", ExtendedStatistics=["p50"])
    with pytest.raises(InvalidParameterValueException, match="p101"):
        service.statistics(ExtendedStatistics=["p101"])


@pytest.mark.parametrize(
    ("datum", "error", "text"),
    [
        ({}, MissingRequiredParameterException, "MetricData.member.1.Value"),
        ({"Value": 1.0, "Values": [1.0]}, InvalidParameterCombinationException, "mutually exclusive"),
        ({"Value": float("nan")}, InvalidParameterValueException, "nan"),
        ({"Value": 2.0**361}, InvalidParameterValueException, "Value"),
        ({"Values": [1.0], "Counts": [1, 2]}, InvalidParameterValueException, "same size"),
        ({"Values": [1.0] * 151}, InvalidParameterValueException, "150"),
        ({"Value": 1.0, "Timestamp": at(-14 * 86_400)}, InvalidParameterValueException, "two weeks in the past"),
        ({"Value": 1.0, "Timestamp": at(11_000)}, InvalidParameterValueException, "two hours in the future"),
        ({"Value": 1.0, "StorageResolution": 30}, InvalidParameterValueException, "StorageResolution"),
        ({"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}] * 2}, InvalidParameterValueException, "once"),
        ({"StatisticValues": {"SampleCount": 0, "Sum": 1, "Minimum": 1, "Maximum": 1}},
         InvalidParameterValueException, "SampleCount"),
    ],
)  # fmt: skip
def test_data_that_breaks_a_rule_is_refused_whole(service, datum, error, text):
    with pytest.raises(error, match=text):
        service.put(datum, {"Value": 1.0})
    assert service("ListMetrics")["Metrics"] == []


def test_a_request_holds_a_thousand_metrics_and_no_namespace_of_aws(service):
    with pytest.raises(InvalidParameterValueException, match="1000"):
        service.put(*[{"Value": 1.0}] * 1001)
    with pytest.raises(InvalidParameterValueException, match="AWS/SageMaker"):
        service.put(Value=1.0, namespace="AWS/SageMaker")
    with pytest.raises(MissingRequiredParameterException):
        service("PutMetricData", Namespace="n")


def test_metrics_are_listed_with_dimensions_and_pages(service):
    service.put(*[{"Value": 1.0, "Dimensions": [{"Name": "i", "Value": f"{i:03}"}]} for i in range(600)])
    first = service("ListMetrics", Namespace="n")
    second = service("ListMetrics", Namespace="n", NextToken=first["NextToken"])
    assert len(first["Metrics"]) == 500
    assert len(second["Metrics"]) == 100
    assert "NextToken" not in second
    assert second["Metrics"][-1] == {
        "Namespace": "n", "MetricName": "m", "Dimensions": [{"Name": "i", "Value": "599"}],
    }  # fmt: skip
    one = service("ListMetrics", Dimensions=[{"Name": "i", "Value": "007"}])["Metrics"]
    assert len(one) == 1
    with pytest.raises(InvalidParameterValueException):
        service("ListMetrics", NextToken="x")


def test_metrics_without_recent_data_are_not_listed(service):
    service.put(Value=1.0, Timestamp=at(-4 * 3600))
    assert len(service("ListMetrics")["Metrics"]) == 1
    assert service("ListMetrics", RecentlyActive="PT3H")["Metrics"] == []
    service.clock.advance(15 * 86_400)
    assert service("ListMetrics")["Metrics"] == []


@pytest.fixture
def filled(service):
    for second, value in ((0, 10.0), (60, 20.0), (240, 40.0)):
        service.put({"Value": value, "Timestamp": at(second)})
        service.put({"MetricName": "errors", "Value": value / 10, "Timestamp": at(second)})
    return service


def test_queries_give_newest_datapoints_first_unless_asked(filled):
    line = filled.data(query())["MetricDataResults"][0]
    assert [time - START for time in line["Timestamps"]] == [240, 60, 0]
    assert (line["Label"], line["StatusCode"]) == ("m", "Complete")
    assert filled.values(query(stat="p50", period=300)) == [("q", [0], [20.0])]
    assert filled.values(query(name="absent")) == [("q", [], [])]


@pytest.mark.parametrize(
    ("text", "times", "values"),
    [
        ("100 * b / a", [0, 60, 240], [10.0, 10.0, 10.0]),
        ("a - b - 1", [0, 60, 240], [8.0, 17.0, 35.0]),
        ("a - (b - 1)", [0, 60, 240], [10.0, 19.0, 37.0]),
        ("-a ^ 2", [0, 60, 240], [-100.0, -400.0, -1600.0]),
        ("2 + 3 * a", [0, 60, 240], [32.0, 62.0, 122.0]),
        ("a / 0", [], []),
        ("SUM([a, b])", [0, 60, 240], [11.0, 22.0, 44.0]),
        ("MAX(METRICS())", [0, 60, 240], [10.0, 20.0, 40.0]),
        ('AVG(METRICS("err"))', [0, 60, 240], [1.0, 2.0, 4.0]),
        ("MIN([a, b, FILL(b, 0)])", [0, 60, 120, 180, 240], [1.0, 2.0, 0.0, 0.0, 4.0]),
        ("SUM(a)", [0, 60, 240], [70.0, 70.0, 70.0]),
        ("STDDEV([a, b])", [0, 60, 240], [4.5, 9.0, 18.0]),
        ("a - AVG(a)", [0, 60, 240], [10 - 70 / 3, 20 - 70 / 3, 40 - 70 / 3]),
        ("RATE(a)", [60, 240], [10 / 60, 20 / 180]),
        ("DIFF(a)", [60, 240], [10.0, 20.0]),
        ("FILL(a, REPEAT)", [0, 60, 120, 180, 240], [10.0, 20.0, 20.0, 20.0, 40.0]),
        ("FILL(a, LINEAR)", [0, 60, 120, 180, 240], [10.0, 20.0, 20 + 20 / 3, 20 + 40 / 3, 40.0]),
        ("RUNNING_SUM(a)", [0, 60, 240], [10.0, 30.0, 70.0]),
        ("a / PERIOD(a)", [0, 60, 240], [10 / 60, 20 / 60, 40 / 60]),
        ("DATAPOINT_COUNT(a) * 1", [0, 60, 240], [3.0, 3.0, 3.0]),
        ("IF(a > 15, a, 0)", [0, 60, 240], [0.0, 20.0, 40.0]),
        ("IF(a > 15 AND b < 3, a)", [60], [20.0]),
        ("a >= 20 || b == 1", [0, 60, 240], [1.0, 1.0, 1.0]),
        ("CEIL(a / 3)", [0, 60, 240], [4.0, 7.0, 14.0]),
    ],
)
def test_expressions_compute(filled, text, times, values):
    answer = filled.values(
        expression(text),
        query(identifier="a", ReturnData=False),
        query("errors", "b", ReturnData=False),
        end=300,
    )
    assert answer == [("e", times, pytest.approx(values))]


def test_expressions_build_on_expressions_and_may_give_several_lines(filled):
    queries = (
        expression("c * 2", "d"),
        expression("a + b", "c", ReturnData=False),
        query(identifier="a", ReturnData=False),
        query("errors", "b", ReturnData=False),
    )
    assert filled.values(*queries) == [("d", [0, 60, 240], [22.0, 44.0, 88.0])]
    several = filled.values(expression("METRICS() / 10"), *queries[2:])
    assert [values for _, _, values in several] == [[1.0, 2.0, 4.0], [0.1, 0.2, 0.4]]


@pytest.mark.parametrize(
    "queries",
    [
        [expression("a +"), query(identifier="a")],
        [expression("a"), query(identifier="b")],
        [expression("e")],
        [expression("f"), expression("e", "f")],
        [expression("SEARCH('x', 'Sum')")],
        [expression("SELECT AVG(m) FROM n")],
        [expression("RATE(1)")],
        [expression("IF(a)"), query(identifier="a")],
        [expression("(" * 60 + "1" + ")" * 60)],
        [expression("-" * 1000 + "1")],
        [expression("+".join(["1"] * 1000))],
        [query(), query()],
        [query(identifier="Upper")],
        [query(period=7)],
        [query(stat="Median")],
        [query(ReturnData=False)],
        [{"Id": "x"}],
        [],
    ],
)
def test_wrong_queries_are_refused(service, queries):
    with pytest.raises(ValidationError):
        service.data(*queries)


def test_datapoints_are_paged_through_all_results(filled):
    queries = (query(identifier="a"), query("errors", "b"))
    read: dict[str, list[float]] = {"a": [], "b": []}
    token, pages = {}, 0
    while True:
        page = filled.data(*queries, MaxDatapoints=2, ScanBy="TimestampAscending", **token)
        pages += 1
        for line in page["MetricDataResults"]:
            read[line["Id"]] += line["Values"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert (read, pages) == ({"a": [10.0, 20.0, 40.0], "b": [1.0, 2.0, 4.0]}, 3)
    with pytest.raises(InvalidNextToken):
        filled.data(*queries, NextToken="x")
