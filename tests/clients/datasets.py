"""The two data sets of the main path: real bank customers where they are at hand, and the example's made-up ones."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
BANK = ROOT.parent / "shared" / "data" / "bank_marketing" / "dev" / "bank-additional-full.csv"

_spec = importlib.util.spec_from_file_location("customers", ROOT / "examples" / "customers.py")
assert _spec is not None and _spec.loader is not None
customers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(customers)

area_under_curve = customers.area_under_curve


def made_up() -> np.ndarray:
    """The example's customers, label first: float array of shape (6000, 12)."""
    return customers.make_customers(6000, seed=7)


def bank_marketing(*, duration: bool) -> np.ndarray:
    """The bank's customers, label first, categories one-hot, shuffled: float array of shape (20685, columns)."""
    if not BANK.exists():
        pytest.skip(f"{BANK.relative_to(ROOT.parent)} is not there")
    with BANK.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    columns = [np.array([float(row["y"] == "yes") for row in rows])]
    for name in rows[0]:
        if name == "y" or (name == "duration" and not duration):
            continue
        values = [row[name] for row in rows]
        try:
            columns.append(np.array(values, dtype=float))
        except ValueError:
            columns += [np.array([value == kind for value in values], dtype=float) for kind in sorted(set(values))]
    table = np.column_stack(columns)
    return table[np.random.default_rng(11).permutation(len(table))]


def write_parts(table: np.ndarray, folder: Path) -> None:
    """Writes train.csv, validation.csv and, a tenth that no training sees, test.csv."""
    tenth = len(table) // 10
    parts = {"test": table[:tenth], "validation": table[tenth : 2 * tenth], "train": table[2 * tenth :]}
    for name, rows in parts.items():
        np.savetxt(folder / f"{name}.csv", rows, delimiter=",", fmt="%.10g")
