from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from clary.compute.contract import EndpointPlan
from clary.compute.costs import Ledger
from clary.compute.hosting.serving_costs import ServingCosts
from clary.compute.prices import Prices
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.services.sagemaker.endpoint_configs import EndpointConfigs
from clary.services.sagemaker.endpoints import MOST_INSTANCES, Endpoints
from clary.services.sagemaker.errors import ResourceLimitExceeded
from clary.services.sagemaker.names import MODEL
from clary.storage.records import Record, Records
from tests.unit.services.sagemaker.conftest import ACCOUNT, ROLE, assert_fits

ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/my-endpoint"
CONFIG_ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint-config/one"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
NAME = {"EndpointName": "My-Endpoint"}
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 30,
    "DestinationS3Uri": "s3://bucket/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
}


class Hosting:
    """Remembers what it is told; `succeed` and `fail` do to the record what hosting would."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.plans: list[EndpointPlan] = []
        self.removed: list[str] = []

    def apply(self, plan: EndpointPlan) -> None:
        self.plans.append(plan)

    def remove(self, arn: str) -> None:
        self.removed.append(arn)

    def settle(self, reason: str = "", status: str = "InService") -> None:
        record = self.records.by_arn(ARN)
        assert record is not None
        body = record.body.get("previous", record.body) if reason else record.body
        variants = [
            {
                "name": variant["name"],
                "current_weight": variant["weight"],
                "desired_weight": variant["weight"],
                "current_instances": variant["replicas"],
                "desired_instances": variant["replicas"],
            }
            for variant in body["plan"]["variants"]
        ]
        hosting = {"variants": variants, **({"failure_reason": reason} if reason else {})}
        kept = {key: value for key, value in body.items() if key != "previous"}
        self.records.update(record, status=status, body={**kept, "hosting": hosting})


@pytest.fixture
def hosting(records: Records) -> Hosting:
    return Hosting(records)


@pytest.fixture
def configs(records: Records, call: Call) -> EndpointConfigs:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"SIZE": "7"}}
    request = {"ModelName": "m", "PrimaryContainer": container, "ExecutionRoleArn": ROLE}
    records.insert(Record(MODEL, call.account, call.region, "m", f"{ARN}/m", body={"request": request}))
    return EndpointConfigs(records)


@pytest.fixture
def endpoints(records: Records, hosting: Hosting, configs: EndpointConfigs) -> Endpoints:
    return Endpoints(records, hosting, ServingCosts(records, Prices.load()))  # type: ignore[arg-type]


def variant(name: str = "AllTraffic", **changes: Any) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": "m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
        **changes,
    }


Configure = Callable[..., None]


@pytest.fixture
def configure(configs: EndpointConfigs, call: Call) -> Configure:
    def make(name: str, *variants: dict[str, Any], **more: Any) -> None:
        configs.create(call, {"EndpointConfigName": name, "ProductionVariants": list(variants) or [variant()], **more})

    return make


@pytest.fixture
def running(endpoints: Endpoints, configure: Configure, hosting: Hosting, call: Call) -> Endpoints:
    """An endpoint "My-Endpoint" in service, of the configuration "one" with the variants A and B."""
    configure("one", variant("A"), variant("B", InitialVariantWeight=3.0), DataCaptureConfig=CAPTURE)
    endpoints.create(call, {**NAME, "EndpointConfigName": "one"})
    hosting.settle()
    return endpoints


def later(call: Call) -> Call:
    return replace(call, time=call.time + timedelta(seconds=5))


class TestConfigurations:
    def test_a_configuration_is_made_described_listed_and_deleted(self, configs: EndpointConfigs, call: Call) -> None:
        request = {"EndpointConfigName": "One", "ProductionVariants": [variant()], "DataCaptureConfig": CAPTURE}
        assert configs.create(call, request) == {"EndpointConfigArn": CONFIG_ARN}
        found = configs.describe(call, {"EndpointConfigName": "One"})
        assert_fits("DescribeEndpointConfig", found)
        assert found["ProductionVariants"] == [variant()]
        assert found["DataCaptureConfig"] == CAPTURE
        listed = configs.list(call, {})
        assert_fits("ListEndpointConfigs", listed)
        assert [config["EndpointConfigName"] for config in listed["EndpointConfigs"]] == ["One"]
        assert configs.delete(call, {"EndpointConfigName": "One"}) == {}
        with pytest.raises(ValidationException) as refusal:
            configs.describe(call, {"EndpointConfigName": "One"})
        assert refusal.value.message == f'Could not find endpoint configuration "{CONFIG_ARN}".'

    def test_a_name_is_taken_once(self, configure: Configure) -> None:
        configure("one")
        with pytest.raises(ValidationException) as refusal:
            configure("one")
        assert refusal.value.message == f'Cannot create already existing endpoint configuration "{CONFIG_ARN}".'

    def test_its_models_must_be_there(self, configure: Configure) -> None:
        with pytest.raises(ValidationException, match="Could not find model"):
            configure("one", variant(ModelName="gone"))

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}, "serverless"),
            ({"InitialInstanceCount": None}, "InitialInstanceCount"),
            ({"InstanceType": ""}, "InstanceType"),
            ({"ModelName": None}, "ModelName"),
            ({"InitialVariantWeight": 0.0}, "above 0"),
            ({"AcceleratorType": "ml.eia1.medium"}, "Elastic Inference"),
            ({"ManagedInstanceScaling": {"Status": "ENABLED"}}, "managed instance scaling"),
            ({"RoutingConfig": {"RoutingStrategy": "PREFIX_AWARE"}}, "PREFIX_AWARE"),
        ],
    )
    def test_variants_that_cannot_be_served_are_refused_by_name(
        self, configure: Configure, change: dict[str, Any], word: str
    ) -> None:
        with pytest.raises(ValidationException, match=word):
            configure("one", variant(**change))

    @pytest.mark.parametrize("member", ["AsyncInferenceConfig", "ShadowProductionVariants", "ExplainerConfig"])
    def test_kinds_of_endpoints_that_clary_lacks_are_refused_by_name(self, configure: Configure, member: str) -> None:
        with pytest.raises(ValidationException, match=member):
            configure("one", **{member: [{"VariantName": "x"}]})

    def test_variant_names_are_unique(self, configure: Configure) -> None:
        with pytest.raises(ValidationException, match="'A' appears more than once"):
            configure("one", variant("A"), variant("A"))

    def test_a_capture_address_must_be_in_s3(self, configure: Configure) -> None:
        with pytest.raises(ValidationException, match="DestinationS3Uri"):
            configure("one", DataCaptureConfig={**CAPTURE, "DestinationS3Uri": "https://example.com/x"})


def test_an_endpoint_is_stored_as_creating_and_given_to_hosting(
    endpoints: Endpoints, configure: Configure, hosting: Hosting, call: Call
) -> None:
    configure("one", variant("A", InitialInstanceCount=2, ContainerStartupHealthCheckTimeoutInSeconds=90))
    assert endpoints.create(call, {**NAME, "EndpointConfigName": "one"}) == {"EndpointArn": ARN}
    found = endpoints.describe(call, NAME)
    assert_fits("DescribeEndpoint", found)
    assert found["EndpointStatus"] == "Creating"
    (plan,) = hosting.plans
    (planned,) = plan.variants
    assert (plan.arn, plan.log_group) == (ARN, "/aws/sagemaker/Endpoints/My-Endpoint")
    assert (planned.name, planned.weight, planned.replicas) == ("A", 1.0, 2)
    assert planned.plan.program.entry == "clary.algorithms.serve:main"
    assert planned.plan.program.args == ("xgboost",)
    assert planned.plan.program.environment["SIZE"] == "7"
    assert (planned.plan.model_uri, planned.plan.role_arn) == ("s3://bucket/model.tar.gz", ROLE)
    assert planned.plan.startup_seconds == 90
    assert planned.plan.limits.cpus == 2
    stored = hosting.records.by_arn(ARN)
    assert stored is not None
    assert EndpointPlan.from_json(stored.body["plan"]) == plan


def test_an_endpoint_in_service_shows_its_variants(running: Endpoints, call: Call) -> None:
    found = running.describe(call, NAME)
    assert_fits("DescribeEndpoint", found)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one")
    shown = [
        (one["VariantName"], one["CurrentWeight"], one["CurrentInstanceCount"]) for one in found["ProductionVariants"]
    ]
    assert shown == [("A", 1.0, 1), ("B", 3.0, 1)]
    assert found["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert found["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 30,
        "DestinationS3Uri": "s3://bucket/captured",
        "KmsKeyId": "",
    }
    assert "FailureReason" not in found


def test_an_endpoint_without_its_configuration_is_refused(endpoints: Endpoints, call: Call) -> None:
    with pytest.raises(ValidationException) as refusal:
        endpoints.create(call, {**NAME, "EndpointConfigName": "one"})
    assert refusal.value.message == f'Could not find endpoint configuration "{CONFIG_ARN}".'


def test_a_name_is_taken_once_whatever_its_case(running: Endpoints, call: Call, hosting: Hosting) -> None:
    for name in ("My-Endpoint", "MY-ENDPOINT"):
        with pytest.raises(ValidationException) as refusal:
            running.create(call, {"EndpointName": name, "EndpointConfigName": "one"})
        assert refusal.value.message == f'Cannot create already existing endpoint "{ARN}".'
    assert len(hosting.plans) == 1


def test_an_endpoint_that_is_not_there_is_named(endpoints: Endpoints, call: Call) -> None:
    change = {"DesiredWeightsAndCapacities": [{"VariantName": "A", "DesiredWeight": 1.0}]}
    for act in (
        lambda: endpoints.describe(call, NAME),
        lambda: endpoints.delete(call, NAME),
        lambda: endpoints.update(call, {**NAME, "EndpointConfigName": "one"}),
        lambda: endpoints.update_weights(call, {**NAME, **change}),
    ):
        with pytest.raises(ValidationException) as refusal:
            act()
        assert refusal.value.message == f'Could not find endpoint "{ARN}".'


def test_an_endpoint_that_is_being_changed_takes_no_other_change(
    endpoints: Endpoints, configure: Configure, call: Call, hosting: Hosting
) -> None:
    configure("one")
    endpoints.create(call, {**NAME, "EndpointConfigName": "one"})
    for act in (
        lambda: endpoints.delete(call, NAME),
        lambda: endpoints.update(call, {**NAME, "EndpointConfigName": "one"}),
    ):
        with pytest.raises(ValidationException) as refusal:
            act()
        assert refusal.value.message == f'Cannot update in-progress endpoint "{ARN}".'
    assert not hosting.removed


def test_a_failed_endpoint_tells_why_and_can_only_be_deleted(
    endpoints: Endpoints, configure: Configure, call: Call, hosting: Hosting
) -> None:
    configure("one")
    endpoints.create(call, {**NAME, "EndpointConfigName": "one"})
    hosting.settle("the model is not one", "Failed")
    assert endpoints.describe(call, NAME)["FailureReason"] == "the model is not one"
    with pytest.raises(ValidationException, match="can only be deleted"):
        endpoints.update(call, {**NAME, "EndpointConfigName": "one"})
    endpoints.delete(call, NAME)
    assert hosting.removed == [ARN]
    assert endpoints.describe(call, NAME)["EndpointStatus"] == "Deleting"


def test_while_an_update_is_under_way_both_configurations_are_shown(
    running: Endpoints, configure: Configure, call: Call, hosting: Hosting
) -> None:
    configure("two", variant("C", InitialInstanceCount=2))
    assert running.update(later(call), {**NAME, "EndpointConfigName": "two"}) == {"EndpointArn": ARN}
    found = running.describe(call, NAME)
    assert_fits("DescribeEndpoint", found)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("Updating", "one")
    assert [one["VariantName"] for one in found["ProductionVariants"]] == ["A", "B"]
    pending = found["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "two"
    assert [(one["VariantName"], one["DesiredInstanceCount"]) for one in pending["ProductionVariants"]] == [("C", 2)]
    assert hosting.plans[1].generation > hosting.plans[0].generation
    hosting.settle()
    found = running.describe(call, NAME)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "two")
    assert "PendingDeploymentSummary" not in found
    assert "DataCaptureConfig" not in found


def test_a_failed_update_shows_the_old_configuration_and_the_reason(
    running: Endpoints, configure: Configure, call: Call, hosting: Hosting
) -> None:
    configure("two")
    running.update(later(call), {**NAME, "EndpointConfigName": "two"})
    hosting.settle("it does not start")
    found = running.describe(call, NAME)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one")
    assert found["FailureReason"] == "it does not start"


@pytest.mark.parametrize(
    ("options", "expected", "captured"),
    [
        ({}, (1.0, 4), False),
        ({"RetainAllVariantProperties": True}, (7.0, 2), True),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            },
            (1.0, 2),
            True,
        ),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [
                    {"VariantPropertyType": "DesiredInstanceCount"},
                    {"VariantPropertyType": "DataCaptureConfig"},
                ],
            },
            (7.0, 4),
            False,
        ),
    ],
)
def test_an_update_keeps_the_variant_properties_it_is_told_to_keep(
    running: Endpoints,
    configure: Configure,
    call: Call,
    hosting: Hosting,
    options: dict[str, Any],
    expected: tuple[float, int],
    captured: bool,
) -> None:
    change = {"VariantName": "A", "DesiredWeight": 7.0, "DesiredInstanceCount": 2}
    running.update_weights(call, {**NAME, "DesiredWeightsAndCapacities": [change]})
    hosting.settle()
    configure("two", variant("A", InitialInstanceCount=4))
    running.update(later(call), {**NAME, "EndpointConfigName": "two", **options})
    (planned,) = hosting.plans[-1].variants
    assert (planned.weight, planned.replicas) == expected
    hosting.settle()
    assert ("DataCaptureConfig" in running.describe(call, NAME)) is captured


def test_weights_and_instance_counts_change_within_the_generation(
    running: Endpoints, call: Call, hosting: Hosting
) -> None:
    changes = [
        {"VariantName": "A", "DesiredWeight": 0.0},
        {"VariantName": "B", "DesiredInstanceCount": 3},
    ]
    assert running.update_weights(call, {**NAME, "DesiredWeightsAndCapacities": changes}) == {"EndpointArn": ARN}
    found = running.describe(call, NAME)
    assert_fits("DescribeEndpoint", found)
    assert found["EndpointStatus"] == "Updating"
    one, other = found["ProductionVariants"]
    assert (one["CurrentWeight"], one["DesiredWeight"]) == (1.0, 0.0)
    assert (other["CurrentInstanceCount"], other["DesiredInstanceCount"]) == (1, 3)
    assert "PendingDeploymentSummary" not in found
    assert hosting.plans[1].generation == hosting.plans[0].generation
    assert [(planned.weight, planned.replicas) for planned in hosting.plans[1].variants] == [(0.0, 1), (3.0, 3)]


def test_a_change_of_a_variant_that_is_not_there_changes_nothing(
    running: Endpoints, call: Call, hosting: Hosting
) -> None:
    for change, word in (
        ({"VariantName": "X", "DesiredWeight": 1.0}, '"X"'),
        ({"VariantName": "A", "DesiredInstanceCount": 0}, "at least 1"),
    ):
        with pytest.raises(ValidationException, match=word):
            running.update_weights(call, {**NAME, "DesiredWeightsAndCapacities": [change]})
    zero = [{"VariantName": name, "DesiredWeight": 0.0} for name in "AB"]
    with pytest.raises(ValidationException, match="above 0"):
        running.update_weights(call, {**NAME, "DesiredWeightsAndCapacities": zero})
    assert running.describe(call, NAME)["EndpointStatus"] == "InService"
    assert len(hosting.plans) == 1


def test_instances_are_limited_over_all_endpoints(running: Endpoints, configure: Configure, call: Call) -> None:
    configure("big", variant(InitialInstanceCount=MOST_INSTANCES - 1))
    with pytest.raises(ResourceLimitExceeded, match=f"is {MOST_INSTANCES} Instances, with current utilization of 2"):
        running.create(call, {"EndpointName": "big", "EndpointConfigName": "big"})
    with pytest.raises(ValidationException):
        running.describe(call, {"EndpointName": "big"})


@pytest.mark.parametrize(
    "deployment",
    [
        {"RollingUpdatePolicy": {"WaitIntervalInSeconds": 0}},
        {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": 0}}},
        {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}},
    ],
)
def test_ways_to_deploy_that_clary_lacks_are_refused(
    running: Endpoints, call: Call, deployment: dict[str, Any]
) -> None:
    with pytest.raises(ValidationException, match="Clary does not have"):
        running.update(call, {**NAME, "EndpointConfigName": "one", "DeploymentConfig": deployment})


def test_the_way_to_deploy_that_clary_has_is_kept_and_shown(running: Endpoints, call: Call, hosting: Hosting) -> None:
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    }
    running.update(later(call), {**NAME, "EndpointConfigName": "one", "DeploymentConfig": deployment})
    hosting.settle()
    assert running.describe(call, NAME)["LastDeploymentConfig"] == deployment


def test_endpoints_are_listed_by_status_and_name(
    running: Endpoints, configure: Configure, call: Call, clock: Any
) -> None:
    clock.advance(5)
    running.create(call, {"EndpointName": "second", "EndpointConfigName": "one"})
    listed = running.list(call, {})
    assert_fits("ListEndpoints", listed)
    assert [one["EndpointName"] for one in listed["Endpoints"]] == ["second", "My-Endpoint"]
    for request in (
        {"StatusEquals": "InService"},
        {"NameContains": "my-"},
        {"SortBy": "Name", "MaxResults": 1, "SortOrder": "Ascending"},
    ):
        assert [one["EndpointName"] for one in running.list(call, request)["Endpoints"]] == ["My-Endpoint"]
    with pytest.raises(ValidationException, match="NextToken"):
        running.list(call, {"NextToken": "nonsense"})


def test_a_deleted_endpoint_has_what_it_served_in_the_ledger(
    running: Endpoints, records: Records, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = records.by_arn(ARN)
    assert started is not None
    monkeypatch.setattr("clary.compute.hosting.serving_costs.time.time", lambda: started.created + 20)
    assert Ledger(records.database).lines() == []
    running.delete(call, NAME)
    told = [(line.instances, line.seconds) for line in Ledger(records.database).lines()]
    assert told == [(1, 20.0), (1, 20.0)]  # of its two variants


def test_deleting_the_configuration_leaves_the_endpoint_alone(
    running: Endpoints, configs: EndpointConfigs, call: Call
) -> None:
    configs.delete(call, {"EndpointConfigName": "one"})
    assert running.describe(call, NAME)["EndpointConfigName"] == "one"
