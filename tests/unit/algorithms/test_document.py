from pathlib import Path

from clary.algorithms import document

DOCS = Path(__file__).parents[3] / "docs" / "algorithms"


def test_the_pages_of_the_algorithms_are_current():
    for name, text in document.pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, (
            f"docs/algorithms/{name} is old: run `python -m clary.algorithms.document docs/algorithms`"
        )


def test_a_page_has_every_hyperparameter_and_metric():
    page = document.pages()["xgboost.md"]
    for name in ("num_round", "eta", "validation:auc", "sagemaker-xgboost", "application/x-parquet"):
        assert name in page


def test_writing_the_pages_makes_the_folder(tmp_path):
    document.main(tmp_path / "new")
    assert (tmp_path / "new" / "xgboost.md").is_file()
