import pytest

from clary.core.errors import ValidationException
from clary.services.sagemaker.images import Image, built_in, parse_image, require_built_in, resolve

XGBOOST_IMAGES = [
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
    "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.5-1",
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3",
    "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:3.0-5",
    "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
    "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest",
    "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost",
]


@pytest.mark.parametrize("uri", XGBOOST_IMAGES)
def test_repository_and_tag_decide_whatever_the_account_and_region(uri: str) -> None:
    algorithm = built_in(uri)
    assert algorithm is not None
    assert algorithm.name == "xgboost"


@pytest.mark.parametrize(
    "uri",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5-cpu-py311",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/xgboost:1",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:my-fork",
    ],
)
def test_an_image_that_is_no_built_in_is_refused_with_the_repositories_that_run(uri: str) -> None:
    assert built_in(uri) is None
    with pytest.raises(ValidationException) as refused:
        require_built_in(uri, "training")
    assert uri in refused.value.message
    assert "sagemaker-xgboost" in refused.value.message


@pytest.mark.parametrize(
    ("repository", "instead"),
    [
        ("mxnet-training:1.9.0-cpu-py38-ubuntu20.04-sagemaker", "There is no environment for MXNet.*use PyTorch"),
        ("huggingface-tensorflow-trcomp-training:2.6.3-transformers4.17.0-gpu", "use huggingface-pytorch-"),
        ("huggingface-pytorch-tgi-inference:2.1.1-tgi1.4.0", "use huggingface-pytorch-inference"),
    ],
)
def test_an_image_of_awss_that_clary_has_no_environment_for_is_refused_with_what_to_use_instead(
    repository: str, instead: str
) -> None:
    with pytest.raises(ValidationException, match=f"{repository}.*{instead}.*pytorch-training"):
        resolve(f"763104351884.dkr.ecr.us-east-1.amazonaws.com/{repository}", "inference")


@pytest.mark.parametrize("uri", ["", "UPPER/case:1", "host/repo:tag with space", "../../etc/passwd", "a//b:1"])
def test_what_is_no_image_uri_is_called_an_invalid_image(uri: str) -> None:
    assert parse_image(uri) is None
    with pytest.raises(ValidationException, match="Invalid training image"):
        require_built_in(uri, "training")


def test_an_image_uri_is_taken_apart() -> None:
    digest = "sha256:" + "0" * 64
    assert parse_image(f"127.0.0.1:5000/team/model:v2@{digest}") == Image("127.0.0.1:5000", "team/model", "v2", digest)
    assert parse_image("xgboost") == Image("", "xgboost")


def test_the_images_that_the_sagemaker_sdk_names_are_all_known() -> None:
    image_uris = pytest.importorskip("sagemaker.image_uris")
    for version in ("1", "latest", "0.90-2", "1.0-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1"):
        for region in ("us-east-1", "eu-central-1", "ap-southeast-2"):
            assert built_in(image_uris.retrieve("xgboost", region, version)) is not None
