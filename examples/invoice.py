"""Invoices become a table: each file goes through AnalyzeExpense, each line item becomes a row of a CSV.

eval "$(clary env)" && python examples/invoice.py [FILE ...] > invoices.csv
"""

import csv
import sys
from pathlib import Path

import boto3

FIELDS = ("VENDOR_NAME", "INVOICE_RECEIPT_ID", "INVOICE_RECEIPT_DATE", "SUBTOTAL", "TAX", "TOTAL")
COLUMNS = ("ITEM", "QUANTITY", "UNIT_PRICE", "PRICE")


def by_type(fields):
    found = {}
    for field in fields:  # the surest of a type counts
        kind, value = field["Type"]["Text"], field["ValueDetection"]
        if kind not in found or value["Confidence"] > found[kind]["Confidence"]:
            found[kind] = value
    return {kind: " ".join(value["Text"].split()) for kind, value in found.items()}


textract = boto3.client("textract")
files = [Path(name) for name in sys.argv[1:]] or sorted((Path(__file__).parent / "invoices").glob("*.pdf"))
table = csv.writer(sys.stdout, lineterminator="\n")
table.writerow(("FILE", *FIELDS, *COLUMNS))
for file in files:
    for document in textract.analyze_expense(Document={"Bytes": file.read_bytes()})["ExpenseDocuments"]:
        whole = by_type(document["SummaryFields"])
        items = [item for group in document["LineItemGroups"] for item in group["LineItems"]]
        for item in [by_type(item["LineItemExpenseFields"]) for item in items] or [{}]:
            table.writerow(
                (file.name, *(whole.get(kind, "") for kind in FIELDS), *(item.get(kind, "") for kind in COLUMNS))
            )
