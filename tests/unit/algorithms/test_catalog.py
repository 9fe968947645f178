import subprocess
import sys

from clary.algorithms.catalog import algorithm


def test_both_repository_names_of_xgboost_are_the_same_algorithm():
    assert algorithm("sagemaker-xgboost") is algorithm("xgboost")
    assert algorithm("xgboost").name == "xgboost"


def test_an_unknown_repository_has_no_algorithm():
    assert algorithm("my-own-image") is None


def test_the_light_half_imports_no_heavy_library():
    program = (
        "import sys; from clary.algorithms.catalog import algorithm; algorithm('xgboost').validate({});"
        "print([name for name in ('numpy', 'pandas', 'pyarrow', 'sklearn', 'xgboost', 'scipy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
