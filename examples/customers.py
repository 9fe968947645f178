"""Made-up customers of a bank, and the measure of a ranking."""

import numpy as np

JOBS = ("craft", "office", "retired", "self-employed", "student", "unemployed")
COLUMNS = ("age", "balance", "calls_before", "days_since_contact", "took_last_offer", *(f"job_{job}" for job in JOBS))


def make_customers(count: int, seed: int) -> np.ndarray:
    """Makes customers.

    Returns:
        float array of shape (count, 1 + len(COLUMNS)); the first column is 1 for those who took the offer.
    """
    random = np.random.default_rng(seed)
    age = random.integers(18, 90, count)
    balance = random.gamma(1.5, 900, count).round(2)
    calls = random.poisson(2, count)
    days = random.integers(1, 400, count)
    took_last = random.random(count) < 0.15
    job = random.integers(0, len(JOBS), count)
    young_or_old = (age < 26) | (age > 62)
    worn_out = np.maximum(calls - 3, 0)
    logit = (
        -2.6
        + 2.4 * took_last
        + 1.5 * young_or_old
        + 0.0007 * balance
        - 0.6 * worn_out
        - 0.004 * days
        + np.where(job == JOBS.index("student"), 0.9, 0.0)
        + 1.2 * (took_last & (days < 90))
    )
    took_offer = random.random(count) < 1 / (1 + np.exp(-logit))
    one_hot = np.eye(len(JOBS))[job]
    return np.column_stack([took_offer, age, balance, calls, days, took_last, one_hot]).astype(float)


def area_under_curve(truth: np.ndarray, scores: np.ndarray) -> float:
    """The probability that a taker is ranked above a decliner (ties count half)."""
    takers, decliners = np.sort(scores[truth == 1]), np.sort(scores[truth == 0])
    below = np.searchsorted(decliners, takers, side="left")
    equal = np.searchsorted(decliners, takers, side="right") - below
    return float((below + equal / 2).sum() / (len(takers) * len(decliners)))
