"""Which framework environment stands behind an image of AWS's framework containers: literal tables.

An image's account and region differ from place to place, so that repository and tag alone decide. One environment
serves many tags: it is the newest set of packages that scripts written for those tags run on, because the packages of
old tags do not exist for the Pythons of today. `FRAMEWORKS` says what is in each and why, `IMAGES` who uses it; the
exact version of every package, direct or not, stands in `locks/ENVIRONMENT.txt`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LOCKS = Path(__file__).parent / "locks"


@dataclass(frozen=True, slots=True)
class Framework:
    """What runs in place of a framework container.

    Attributes:
        name: "scikit-learn-1.2": what jobs and people call it.
        family: whose conventions a script may expect: "scikit-learn", "xgboost", "pytorch", "tensorflow",
            "huggingface" or "python".
        version: of the framework's own package.
        packages: the direct requirements, each with its exact version ("name==version", a marker after ";").
        modules: what must be importable in an environment, or it counts as broken.
        why: why this version.
        environment: the virtual environment it runs in; several frameworks may share one.
        variables: environment variables that every program in it gets, before the user's own.
        newest_python: the newest Python that the packages exist for; None: any that Clary runs on.
        cpu_index: where the builds without CUDA of `cpu_packages` are; "" where the usual index has them.
        cpu_packages: packages that are taken from `cpu_index` on a machine without an NVIDIA GPU.
    """

    name: str
    family: str
    version: str
    packages: tuple[str, ...]
    modules: tuple[str, ...]
    why: str
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    newest_python: tuple[int, int] | None = None
    cpu_index: str = ""
    cpu_packages: tuple[str, ...] = ()

    @property
    def environment_name(self) -> str:
        """The name of the virtual environment and of its lock."""
        return self.environment or self.name

    @property
    def lock(self) -> Path:
        """The requirements file with the exact version of every package."""
        return LOCKS / f"{self.environment_name}.txt"

    @property
    def pins(self) -> list[str]:
        """The lines of the lock."""
        lines = self.lock.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line and not line.startswith("#")]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """The images of some repositories.

    Attributes:
        repositories: regular expression for the whole repository, without registry.
        tags: regular expression for the tag's beginning.
        frameworks: their names, the preferred one first; the first whose packages exist for a Python is taken.
    """

    repositories: str
    tags: str
    frameworks: tuple[str, ...]


# setuptools: the last one with pkg_resources, which packages of the older images still import.
_COMMON = ("boto3==1.44.5", "requests==2.34.2", "setuptools==80.9.0")
_TABLES = ("numpy==2.4.6", "pandas==2.3.3")
_TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_TENSORFLOW = (
    'tensorflow-cpu==2.21.0 ; sys_platform == "linux" and platform_machine == "x86_64"',
    'tensorflow==2.21.0 ; sys_platform != "linux" or platform_machine != "x86_64"',
    "tf-keras==2.21.0",
    "keras==3.15.1",
    "scikit-learn==1.9.1",
    "pillow==13.0.0",
    *_TABLES,
    *_COMMON,
)

FRAMEWORKS: tuple[Framework, ...] = (
    Framework(
        "scikit-learn-1.2",
        "scikit-learn",
        "1.2.2",
        ("scikit-learn==1.2.2", "pandas==1.5.3", "numpy==1.24.4", "scipy==1.10.1", "joblib==1.2.0", *_COMMON),
        ("sklearn", "pandas", "boto3"),
        "The version of the tag 1.2-1, and the oldest that exists for Python 3.11: scripts for 0.20 to 1.2 find the "
        "arguments that 1.4 removed (OneHotEncoder(sparse=...)) and the pandas 1 API they were written with.",
        newest_python=(3, 11),
    ),
    Framework(
        "scikit-learn-1.9",
        "scikit-learn",
        "1.9.1",
        ("scikit-learn==1.9.1", *_TABLES, *_COMMON),
        ("sklearn", "pandas", "boto3"),
        "Today's version, for the tags from 1.4 on, and for all tags where Python is newer than 3.11, for which "
        "scikit-learn 1.2 does not exist; pandas 2, because scripts still rely on what pandas 3 removed.",
    ),
    Framework(
        "xgboost-3.2",
        "xgboost",
        "3.2.0",
        ("xgboost-cpu==3.2.0", "scikit-learn==1.9.1", "pyarrow==26.0.1", *_TABLES, *_COMMON),
        ("xgboost", "sklearn", "pandas"),
        "The version of Clary's built-in XGBoost, so that a model of a script and a model of the algorithm are read by "
        "both; the build without CUDA, which is 465 MB smaller.",
    ),
    Framework(
        "pytorch-2.13",
        "pytorch",
        "2.13.0",
        ("torch==2.13.0", "scikit-learn==1.9.1", "pillow==13.0.0", "pyyaml==6.0.3", "tqdm==4.70.1", *_TABLES, *_COMMON),
        ("torch", "pandas"),
        "Scripts for PyTorch 1.6 to 2.13 run on it: its Python interface has stayed compatible. Where there is no "
        "NVIDIA GPU the CPU build is taken; torchvision comes with it where its index can be reached.",
        cpu_index=_TORCH_CPU_INDEX,
        cpu_packages=("torch==2.13.0", "torchvision==0.28.0"),
    ),
    Framework(
        "tensorflow-1",
        "tensorflow",
        "2.21.0",
        _TENSORFLOW,
        ("tensorflow", "tf_keras"),
        "TensorFlow 1 does not exist for today's Pythons: its scripts run on TensorFlow 2.21 with `import tensorflow` "
        "meaning `tensorflow.compat.v1` and with Keras 2 (tf_keras).",
        environment="tensorflow-2.21",
        variables={"TF_USE_LEGACY_KERAS": "1", "CLARY_TENSORFLOW_1": "1"},
    ),
    Framework(
        "tensorflow-2-keras-2",
        "tensorflow",
        "2.21.0",
        _TENSORFLOW,
        ("tensorflow", "tf_keras"),
        "TensorFlow 2.0 to 2.15 came with Keras 2: `tf.keras` is tf_keras 2.21 here, so that their scripts and saved "
        "models keep their meaning.",
        environment="tensorflow-2.21",
        variables={"TF_USE_LEGACY_KERAS": "1"},
    ),
    Framework(
        "tensorflow-2.21",
        "tensorflow",
        "2.21.0",
        _TENSORFLOW,
        ("tensorflow", "tf_keras"),
        "Today's version, with Keras 3, for the tags from 2.16 on.",
    ),
    Framework(
        "huggingface-pytorch",
        "huggingface",
        "4.57.6",
        (
            "transformers==4.57.6",
            "datasets==4.4.2",
            "huggingface-hub==0.36.2",
            "accelerate==1.12.0",
            "evaluate==0.4.6",
            "sentencepiece==0.2.3",
            "torch==2.13.0",
            "scikit-learn==1.9.1",
            "pillow==13.0.0",
            *_TABLES,
            *_COMMON,
        ),
        ("torch", "transformers", "datasets"),
        "The last version of Transformers 4, which the scripts of these images were written for; 5 removed much of "
        "it. PyTorch as above.",
        cpu_index=_TORCH_CPU_INDEX,
        cpu_packages=("torch==2.13.0",),
    ),
    Framework(
        "huggingface-tensorflow",
        "huggingface",
        "4.48.3",
        (
            "transformers==4.48.3",
            "datasets==4.4.2",
            "huggingface-hub==0.36.2",
            "evaluate==0.4.6",
            "sentencepiece==0.2.3",
            *_TENSORFLOW,
        ),
        ("tensorflow", "tf_keras", "transformers", "datasets"),
        "Transformers 5 has no models of TensorFlow's; the pipelines of later versions of 4 need PyTorch beside it. "
        "TensorFlow as above, with Keras 2, which these models are made of.",
        variables={"TF_USE_LEGACY_KERAS": "1"},
    ),
    Framework(
        "python-3",
        "python",
        f"{sys.version_info.major}.{sys.version_info.minor}",
        (*_TABLES, *_COMMON),
        ("numpy", "pandas", "boto3"),
        "The Python that Clary runs on, with what the base images of SageMaker have for tables and AWS.",
    ),
)

_TENSORFLOW_REPOSITORIES = (
    r"tensorflow-(training|inference)(-arm64|-graviton)?|sagemaker-tensorflow(-scriptmode|-serving)?|tensorflow-serving"
)

# The first row that fits decides.
IMAGES: tuple[ImageRow, ...] = (
    ImageRow(r"sagemaker-scikit-learn", r"(0\.\d+|1\.[0-3])\b", ("scikit-learn-1.2", "scikit-learn-1.9")),
    ImageRow(r"sagemaker-scikit-learn", r"\d|latest", ("scikit-learn-1.9",)),
    ImageRow(r"sagemaker-xgboost|xgboost", r"\d|latest", ("xgboost-3.2",)),
    ImageRow(
        r"pytorch-(training|inference)(-arm64|-graviton)?|sagemaker-pytorch(-serving)?", r"\d|latest", ("pytorch-2.13",)
    ),
    ImageRow(_TENSORFLOW_REPOSITORIES, r"1\.", ("tensorflow-1",)),
    ImageRow(_TENSORFLOW_REPOSITORIES, r"2\.(\d|1[0-5])(?!\d)", ("tensorflow-2-keras-2",)),
    ImageRow(_TENSORFLOW_REPOSITORIES, r"\d|latest", ("tensorflow-2.21",)),
    ImageRow(r"huggingface-pytorch-(training|inference)", r"\d|latest", ("huggingface-pytorch",)),
    ImageRow(r"huggingface-tensorflow-(training|inference)", r"\d|latest", ("huggingface-tensorflow",)),
    ImageRow(
        r"(docker/)?(library/)?python|sagemaker-base-python(-\d+)?|sagemaker-data-science(-\d+)?|sagemaker-distribution-"
        r"(prod|cpu|gpu)",
        r".*",
        ("python-3",),
    ),
)

_BY_NAME = {framework.name: framework for framework in FRAMEWORKS}
_REGISTRY = re.compile(r"^(localhost|[^/]*[.:][^/]*)/")


def framework(name: str) -> Framework:
    """The framework of that name.

    Raises:
        KeyError: there is none.
    """
    return _BY_NAME[name]


def framework_of(image: str, python: tuple[int, int] = sys.version_info[:2]) -> Framework | None:
    """The framework behind an image.

    Args:
        image: its URI: "[REGISTRY/]REPOSITORY[:TAG][@DIGEST]".
        python: the Python that its environment would be made with.

    Returns:
        None when it is no image of a framework container.
    """
    path = _REGISTRY.sub("", image.partition("@")[0])
    repository, _, tag = path.partition(":")
    for row in IMAGES:
        if re.fullmatch(row.repositories, repository) and re.match(row.tags, tag or "latest"):
            candidates = [_BY_NAME[name] for name in row.frameworks]
            return next((one for one in candidates if one.newest_python is None or python <= one.newest_python), None)
    return None


def repositories() -> list[str]:
    """The repositories whose images Clary can stand in for, in words for a message."""
    return [
        "sagemaker-scikit-learn",
        "sagemaker-xgboost",
        "pytorch-training",
        "pytorch-inference",
        "tensorflow-training",
        "tensorflow-inference",
        "huggingface-pytorch-training",
        "huggingface-pytorch-inference",
        "huggingface-tensorflow-training",
        "huggingface-tensorflow-inference",
        "python",
    ]
