from __future__ import annotations

import botocore.session
import pytest

from clary.compute.instances import instance

GIB = 1 << 30
UNKNOWN = instance("ml.no.such")


@pytest.mark.parametrize(
    ("name", "cpus", "gib"),
    [
        ("ml.m5.large", 2, 8),
        ("ml.m4.xlarge", 4, 16),
        ("ml.c5.18xlarge", 72, 144),
        ("ml.c4.xlarge", 4, 7.5),
        ("ml.r5.24xlarge", 96, 768),
        ("ml.m7i-flex.2xlarge", 8, 32),
        ("ml.p3.2xlarge", 8, 61),
        ("ml.p5.48xlarge", 192, 2048),
        ("ml.g4dn.16xlarge", 64, 256),
        ("ml.t3.medium", 2, 4),
        ("ml.m8g.medium", 1, 4),
    ],
)
def test_an_instance_type_has_the_cpus_and_memory_that_aws_publishes(name: str, cpus: int, gib: float) -> None:
    assert (instance(name).cpus, instance(name).memory_bytes) == (cpus, int(gib * GIB))


def test_every_instance_type_of_the_training_api_is_known() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    shapes = ("TrainingInstanceType", "ProductionVariantInstanceType")
    names = [name for shape in shapes for name in model.shape_for(shape).enum]
    unknown = [name for name in names if instance(name) is UNKNOWN]
    assert not unknown
