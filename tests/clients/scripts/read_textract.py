"""Reads answers of Textract with AWS's own parsers, and prints as JSON what each of them found.

Standard input is a JSON list of [KIND, ANSWER]; KIND is "document", "expense", "id" or "lending".
"""

import json
import sys

import trp
import trp.trp2_analyzeid
import trp.trp2_expense
import trp.trp2_lending
from textractor.parsers import response_parser
from textractprettyprinter import t_pretty_print, t_pretty_print_expense
from textractprettyprinter.t_pretty_print import Pretty_Print_Table_Format, Textract_Pretty_Print
from trp.trp2 import TDocumentSchema


def trp_document(answer):
    """The first parser: lines, forms and tables."""
    document = trp.Document(answer)
    return [
        {
            "lines": [line.text for line in page.lines],
            "fields": [[str(field.key), str(field.value or "")] for field in page.form.fields],
            "tables": [
                [[cell.mergedText.strip() for cell in row.cells] for row in table.rows] for table in page.tables
            ],
            "headers": [[cell.text.strip() for row in table.header for cell in row] for table in page.tables],
            "merged": [[cell.text for cell in table.merged_cells] for table in page.tables],
        }
        for page in document.pages
    ]


def trp2_document(answer):
    """The second: everything, typed."""
    document = TDocumentSchema().load(answer)
    return [
        {
            "lines": len(document.lines(page)),
            "queries": document.get_query_answers(page),
            "signatures": len(document.signatures(page)),
            "keys": [
                " ".join(document.get_block_by_id(one).text for one in children.ids)
                for key in document.keys(page)
                if (children := key.get_relationships_for_type("CHILD"))
            ],
        }
        for page in document.pages
    ]


def textractor_document(answer):
    """The third: entities with their relations."""
    document = response_parser.parse(answer)
    return {
        "pages": len(document.pages),
        "lines": [line.text for line in document.lines],
        "words": len(document.words),
        "fields": [[str(field.key), str(field.value)] for field in document.key_values],
        "boxes": [[str(field.key), bool(field.is_selected())] for field in document.checkboxes],
        "tables": [
            [[cell.row_index, cell.col_index, cell.text] for cell in table.table_cells] for table in document.tables
        ],
        "titles": [table.title.text if table.title else None for table in document.tables],
        "footers": [[footer.text for footer in table.footers] for table in document.tables],
        "table_types": [table.table_type.name for table in document.tables],
        "queries": [[one.query, one.result.answer if one.result else None] for one in document.queries],
        "signatures": len(document.signatures),
        "layouts": [layout.layout_type for page in document.pages for layout in page.layouts],
        "text": document.get_text(),
    }


def printed(answer):
    """What the pretty printer makes of it."""
    kinds = [Textract_Pretty_Print.LINES, Textract_Pretty_Print.FORMS, Textract_Pretty_Print.TABLES]
    text = t_pretty_print.get_string(answer, kinds, Pretty_Print_Table_Format.csv)
    has_layout = any(block["BlockType"].startswith("LAYOUT") for block in answer["Blocks"])
    return {"text": text, "layout": t_pretty_print.get_text_from_layout_json(answer) if has_layout else {}}


def expense(answer):
    """An answer of AnalyzeExpense."""
    typed = trp.trp2_expense.TAnalyzeExpenseDocumentSchema().load(answer)
    document = response_parser.parse(answer)
    return {
        "trp2": [
            [[field.ftype.text, field.valuedetection.text] for field in one.summaryfields]
            for one in typed.expenses_documents
        ],
        "textractor": [
            {name: [str(field.value) for field in fields] for name, fields in one.summary_fields.items()}
            for one in document.expense_documents
        ],
        "items": [len(group.rows) for one in document.expense_documents for group in one.line_items_groups],
        "printed": t_pretty_print_expense.get_string(answer),
    }


def identity(answer):
    """An answer of AnalyzeID."""
    typed = trp.trp2_analyzeid.TAnalyzeIdDocumentSchema().load(answer)
    document = response_parser.parse(answer)
    return {
        "trp2": typed.get_values_as_list(),
        "textractor": [{name: one.get(name) for name in list(one.keys())} for one in document.identity_documents],
    }


def lending(answer):
    """An answer of GetLendingAnalysis."""
    typed = trp.trp2_lending.TFullLendingDocumentSchema().load(answer)
    return {
        "types": [[one.value for one in result.page_classification.page_type] for result in typed.lending_results],
        "printed": t_pretty_print.convert_lending_from_trp2(typed),
    }


def document(answer):
    """An answer with blocks."""
    return {
        "trp": trp_document(answer),
        "trp2": trp2_document(answer),
        "textractor": textractor_document(answer),
        "printed": printed(answer),
    }


READERS = {"document": document, "expense": expense, "id": identity, "lending": lending}

if __name__ == "__main__":
    json.dump([READERS[kind](answer) for kind, answer in json.load(sys.stdin)], sys.stdout)
