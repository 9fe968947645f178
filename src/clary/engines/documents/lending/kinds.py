"""The kinds of papers in a loan file: how each is known, and what is asked of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of paper.

    Attributes:
        name: with hyphens.
        titles: what the first page says at its head; each is worth 3.
        words: what pages of this kind say; each is worth 1.
        questions: by the kind of field that the answer is.
    """

    name: str
    titles: tuple[str, ...]
    words: tuple[str, ...] = ()
    questions: dict[str, str] = field(default_factory=dict)

    def evidence(self, text: str) -> tuple[float, bool]:
        """How much a page's text speaks for this kind, and whether a title of it is there."""
        titles = sum(1 for title in self.titles if re.search(title, text, re.IGNORECASE))
        words = sum(1 for word in self.words if re.search(rf"(?<![^\W_]){word}(?![^\W_])", text, re.IGNORECASE))
        return 3.0 * min(titles, 2) + words, titles > 0


_W2 = {
    "employee-ssn": "What is the employee's social security number?",
    "employer-ein": "What is the employer identification number?",
    "wages": "What are the wages, tips, other compensation?",
    "federal-income-tax-withheld": "What is the federal income tax withheld?",
    "social-security-wages": "What are the social security wages?",
}
_INCOME = {
    "payer-name": "What is the payer's name?",
    "recipient-name": "What is the recipient's name?",
    "recipient-tin": "What is the recipient's TIN?",
    "federal-income-tax-withheld": "What is the federal income tax withheld?",
}
KINDS = (
    PaperKind(
        "payslips",
        (r"earnings\s+statement", r"pay\s?-?slip", r"pay\s?-?stub", r"statement\s+of\s+earnings", r"payroll\s+advice"),
        (
            "gross pay",
            "net pay",
            "year to date",
            "ytd",
            "pay date",
            "pay period",
            "deductions",
            "overtime",
            "period ending",
            "hours",
        ),
        {
            "pay-period-start-date": "What is the pay period start date?",
            "pay-period-end-date": "What is the pay period end date?",
            "pay-date": "What is the pay date?",
            "employee-name": "What is the employee name?",
            "employee-address": "What is the employee address?",
            "company-name": "What is the company name?",
            "company-address": "What is the company address?",
            "federal-filing-status": "What is the marital status?",
            "current-gross-pay": "What is the current gross pay?",
            "ytd-gross-pay": "What is the YTD gross pay?",
            "current-net-pay": "What is the current net pay?",
            "ytd-net-pay": "What is the YTD net pay?",
            "regular-hourly-rate": "What is the regular hourly rate?",
            "holiday-hourly-rate": "What is the holiday hourly rate?",
        },
    ),
    PaperKind(
        "bank-statement",
        (r"(?:bank|account|checking|savings)\s+statement", r"statement\s+of\s+account"),
        (
            "beginning balance",
            "ending balance",
            "opening balance",
            "closing balance",
            "deposits",
            "withdrawals",
            "account number",
            "checks paid",
            "statement period",
        ),
        {
            "account-holder-name": "What is the account holder name?",
            "account-number": "What is the account number?",
            "statement-start-date": "What is the statement start date?",
            "statement-end-date": "What is the statement end date?",
            "beginning-balance": "What is the beginning balance?",
            "ending-balance": "What is the ending balance?",
        },
    ),
    PaperKind(
        "checks",
        (r"pay\s+to\s+the\s+order\s+of",),
        ("void after", "memo", "dollars", "authorized signature"),
        {
            "payee": "Who is the payee?",
            "date": "What is the date?",
            "amount": "What is the amount?",
            "check-number": "What is the check number?",
        },
    ),
    PaperKind(
        "w-2",
        (r"\bW-?2\b.{0,60}wage", r"wage\s+and\s+tax\s+statement"),
        ("employer identification number", "medicare tax withheld", "social security wages"),
        _W2,
    ),
    PaperKind(
        "w-9",
        (r"\bW-?9\b", r"request\s+for\s+taxpayer\s+identification"),
        ("taxpayer identification number", "backup withholding"),
    ),
    PaperKind(
        "1040",
        (r"\b1040\b.{0,80}(?:income\s+tax|return)", r"u\.?s\.?\s+individual\s+income\s+tax\s+return"),
        ("adjusted gross income", "filing status", "standard deduction"),
    ),
    PaperKind("1099-int", (r"1099-?\s?INT", r"interest\s+income"), ("payer", "recipient"), _INCOME),
    PaperKind(
        "1099-div", (r"1099-?\s?DIV", r"dividends\s+and\s+distributions"), ("ordinary dividends", "payer"), _INCOME
    ),
    PaperKind(
        "1099-misc",
        (r"1099-?\s?MISC", r"miscellaneous\s+(?:income|information)"),
        ("rents", "royalties", "payer"),
        _INCOME,
    ),
    PaperKind("1099-nec", (r"1099-?\s?NEC", r"nonemployee\s+compensation"), ("payer",), _INCOME),
    PaperKind(
        "1099-r",
        (r"1099-?\s?R\b", r"distributions\s+from\s+pensions"),
        ("gross distribution", "taxable amount"),
        _INCOME,
    ),
    PaperKind(
        "1005",
        (r"request\s+for\s+verification\s+of\s+employment", r"form\s+1005"),
        ("probability of continued employment", "gross earnings", "lender", "employer"),
        {
            "applicant-name": "What is the name and address of applicant?",
            "date-of-employment": "What is the applicant's date of employment?",
            "present-position": "What is the present position?",
            "probability-of-continued-employment": "What is the probability of continued employment?",
        },
    ),
    PaperKind(
        "1003",
        (r"uniform\s+residential\s+loan\s+application", r"form\s+1003"),
        ("borrower", "co-borrower", "lender loan no", "declarations"),
    ),
    PaperKind("1008", (r"uniform\s+underwriting\s+and\s+transmittal", r"form\s+1008"), ("underwriter", "qualifying")),
    PaperKind("loan-estimate", (r"loan\s+estimate",), ("projected payments", "closing costs", "rate lock")),
    PaperKind("closing-disclosure", (r"closing\s+disclosure",), ("closing costs", "cash to close", "settlement agent")),
    PaperKind(
        "mortgage-note",
        (r"(?:adjustable|fixed)\s+rate\s+note", r"promissory\s+note", r"\bthis\s+note\b"),
        ("borrower's promise", "note holder", "interest", "lender", "principal", "monthly payments"),
        {
            "lender-name": "Who is the lender?",
            "principal-amount": "What is the principal amount?",
            "interest-rate": "What is the yearly interest rate?",
            "note-date": "What is the date?",
        },
    ),
    PaperKind(
        "mortgage-statement",
        (r"mortgage\s+statement",),
        ("escrow", "outstanding principal", "amount due", "loan number"),
    ),
    PaperKind(
        "credit-card-statement",
        (r"credit\s+card\s+statement",),
        ("minimum payment", "credit limit", "new balance", "purchases"),
    ),
    PaperKind(
        "utility-bills",
        (r"(?:electric|water|gas|utility|energy)\s+bill",),
        ("meter reading", "kwh", "service address", "usage", "amount due"),
    ),
    PaperKind("passport", (r"\bpassport\b",), ("nationality", "surname", "place of birth", "authority")),
    PaperKind("driver-license", (r"driver'?s?\s+licen[sc]e",), ("dob", "exp", "class", "sex", "eyes", "hgt", "iss")),
    PaperKind("invoices", (r"\binvoice\b",), ("bill to", "subtotal", "total", "invoice date", "due date", "tax")),
    PaperKind("receipts", (r"\breceipt\b",), ("total", "cash", "change", "visa", "thank you", "cashier")),
)
IDENTITY_KINDS = frozenset({"passport", "driver-license"})
EXPENSE_KINDS = frozenset({"invoices", "receipts"})
UNCLASSIFIED = "unclassified"
