"""Imported before any test of the algorithms, so that `jobs` sets the number of threads before xgboost is loaded."""

from tests.unit.algorithms import jobs as jobs
