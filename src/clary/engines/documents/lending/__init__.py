"""Loan files: kinds of papers, their fields, a summary."""

from clary.engines.documents.lending.files import LendingSheet, classify, read_loan_file
from clary.engines.documents.lending.kinds import KINDS, UNCLASSIFIED

__all__ = ["KINDS", "UNCLASSIFIED", "LendingSheet", "classify", "read_loan_file"]
