"""The words that name the values of bills, in the languages most bills are written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """What a value looks like."""

    AMOUNT = "amount"
    DATE = "date"
    IDENTIFIER = "identifier"
    PHONE = "phone"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Label:
    """Words that name a value.

    Attributes:
        kind: of the value.
        pattern: of the words.
        weight: the higher, the surer that these words mean this kind.
    """

    kind: str
    form: Form
    pattern: re.Pattern[str]
    weight: float


def _labels(kind: str, form: Form, *patterns: tuple[float, str]) -> list[Label]:
    return [
        Label(kind, form, re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", re.IGNORECASE), weight)
        for weight, pattern in patterns
    ]


_NUMBER = r"(?:number|num|no\s?\.?|nr\s?\.?|n[°º]|#|id)"

AMOUNTS = [
    *_labels(
        "total",
        Form.AMOUNT,
        (4.0, r"grand\s?total|total\s?(?:inclusive|incl)\w*\.?\s?(?:of)?\s?(?:gst|tax|vat|btw|tva)?|total\s?ttc"
              r"|gesamtbetrag"
              r"|totaal\s?(?:te\s?betalen|incl\w*\.?)?|montant\s?ttc|net\s?total|nett\s?total|bill\s?total"
              r"|(?:total|amount)\s?(?:after|with)\s?(?:round\w*|gst|tax)|round\w*\s?(?:total|amount)"
              r"|total\s?round\w*"),
        (3.4, r"(?:invoice|order|final|purchase)\s?total|total\s?(?:amount|amt|sales|due|price|payable|bill|paid"
              r"|invoice)"
              r"(?:\s?(?:payable|due|incl\w*|with\s?gst))?|importe\s?total|total\s?(?:general|factura|facture"
              r"|a\s?pagar|fattura)"
              r"|rechnungsbetrag|endbetrag|zu\s?zahlen|gesamt(?:summe)?|summe|te\s?betalen|net\s?[àa]\s?payer"
              r"|som\s?total"),
        (3.0, r"total|totaal|totale|sum\s?total|jumlah"),
    ),
    *_labels(
        "subtotal",
        Form.AMOUNT,
        (5.0, r"sub\s?-?\s?total\w*|sous\s?-?\s?total|zwischensumme|subtotaal|net\s?amount|total\s?(?:ht"
              r"|excl\w*\.?(?:\s?(?:of)?\s?(?:gst|"
              r"tax|vat|btw))?|before\s?(?:tax|gst))|untaxed\s?(?:amount)?|taxable\s?(?:amount|value)|nettobetrag"
              r"|base\s?imponible|imponibile"),
    ),
    *_labels(
        "tax",
        Form.AMOUNT,
        (5.0, r"total\s?(?:gst|tax(?:es)?|vat|sst|tva|btw)|(?:sales|service|state|local|value\s?added)\s?tax"
              r"|tax\s?(?:amount|amt|total)"
              r"|gst\s?(?:amount|amt|payable|@?\s?\d+\s?%?)|vat\s?(?:amount|total)|mwst\.?|ust\.?|umsatzsteuer"
              r"|iva|btw|tva|sst|gst\s?\(?\d+"),
        (4.0, r"gst|vat|tax(?:es)?"),
    ),
    *_labels(
        "amount-due",
        Form.AMOUNT,
        (4.6, r"(?:balance|amount|total|payment)\s?(?:due|outstanding|owed|owing)|balance\s?(?:payable|to\s?pay)"
              r"|amount\s?payable"
              r"|saldo|openstaand(?:\s?bedrag)?|you\s?owe|please\s?pay"),
    ),
    *_labels(
        "amount-paid",
        Form.AMOUNT,
        (4.6, r"(?:amount|total|payment|deposit|already)\s?(?:paid|received|tendered)|cash\s?(?:received|tendered"
              r"|paid)?|paid|tendered?"
              r"|visa|master\s?card|debit(?:\s?card)?|credit\s?card|amex|payments?(?:\s?/\s?credits?)?|pay\s?amount"),
    ),
    *_labels("change", Form.AMOUNT, (6.0, r"change(?:\s?due|\s?given)?|wechselgeld|r[üu]ckgeld|cambio|rendu"
            r"|wisselgeld|baki")),
    *_labels("rounding", Form.AMOUNT, (4.5, r"round(?:ing|\s?off|ed)?\s?(?:adj\w*\.?|adjustments?|amount)?"
            r"|rounding|adjustment")),
    *_labels("discount", Form.AMOUNT, (5.0, r"(?:total\s?)?(?:discounts?|disc\.?|savings?|rabatt|remise|korting"
            r"|descuento|sconto|saved)")),
    *_labels("gratuity", Form.AMOUNT, (5.0, r"gratuity|tips?|trinkgeld|pourboire|propina")),
    *_labels("service-charge", Form.AMOUNT, (5.0, r"serv(?:ice)?\.?\s?(?:charge|chrg|chg)s?|svc\s?(?:charge|chg)")),
    *_labels(
        "shipping-handling-charge",
        Form.AMOUNT,
        (5.0, r"shipping(?:\s?(?:&|and)\s?handling)?(?:\s?(?:charges?|costs?|fees?))?|delivery\s?(?:charge|fee)s?"
              r"|freight|postage|versand(?:kosten)?"
              r"|frais\s?de\s?port|verzendkosten|handling"),
    ),
    *_labels("prior-balance", Form.AMOUNT, (5.0, r"(?:previous|prior|last|opening)\s?balance|balance\s?(?:forward"
            r"|brought\s?forward)")),
]  # fmt: skip
NOT_A_TOTAL = re.compile(
    r"qty|quantit|items?\b|pcs|points?|saving|disc|excl|before|tax\s?summ|gst\s?summ|gst\s?code"
    r"|outstanding\s?point|member|weight"
    r"|\bht\b|hours|pages|taxes|nights|guests|rooms",
    re.IGNORECASE,
)
"""Beside the word total: it is another thing that is counted or summed up."""

OTHERS = [
    *_labels(
        "due-date",
        Form.DATE,
        (5.0, r"(?:payment\s?)?due\s?(?:date|on|by)?|date\s?(?:due|d'[ée]ch[ée]ance)|[ée]ch[ée]ance"
              r"|f[äa]llig(?:keit)?\w*|verval(?:datum)?"
              r"|pay(?:ment)?\s?by|vencimiento|scadenza|date\s?limite(?:\s?de\s?paiement)?|pr[ée]lev[ée]\s?le"),
    ),
    *_labels("delivery-date", Form.DATE, (5.0, r"(?:delivery|ship(?:ping|ped)?|despatch|dispatch|leverings?"
            r"|liefer)\s?-?(?:date|datum)")),
    *_labels("order-date", Form.DATE, (5.0, r"(?:order(?:ed)?|purchase|booking|bestell)\s?-?(?:date|datum)"
            r"|date\s?of\s?(?:order|booking)")),
    *_labels(
        "invoice-receipt-date",
        Form.DATE,
        (5.0, r"(?:invoice|inv\.?|receipt|bill(?:ing)?|transaction|tax\s?invoice|statement|document|doc\.?|issue"
              r"|trans\w*)\s?-?\s?date"
              r"|date\s?(?:of\s?(?:issue|invoice|bill)|issued|de\s?(?:la\s?)?facture|d'[ée]mission)"
              r"|rechnungs-?\s?datum|factuur\s?-?datum"
              r"|fecha\s?(?:de\s?(?:la\s?)?(?:factura|emisi[óo]n))?|data\s?(?:fattura|emissione)"
              r"|facture\s?(?:n[°º]\s?\S+\s?)?du"),
        (4.0, r"date|datum|data|tarikh|dated"),
    ),
    *_labels(
        "invoice-receipt-id",
        Form.IDENTIFIER,
        (5.0, rf"(?:tax\s?)?(?:invoice|inv\.?|receipt|bill|rechnungs?-?|factuur|facture|factura|fattura"
              rf"|cash\s?bill|check|chk|slip|doc\w*\.?)\s?-?{_NUMBER}"
              r"|rechnungsnummer|factuurnummer|numero\s?(?:de\s?)?(?:factura|facture|fattura)"),
        (3.5, r"(?:tax\s?)?invoice|receipt|facture|rechnung|factuur|cash\s?(?:bill|sales?)|bill|booking\s?id"),
        (3.0, rf"doc(?:ument)?\s?\.?\s?{_NUMBER}|trans\w*\s?{_NUMBER}|ref(?:erence)?\.?\s?{_NUMBER}?"
              rf"|order\s?{_NUMBER}"),
    ),
    *_labels("po-number", Form.IDENTIFIER, (5.0, rf"p\.?o\.?\s?{_NUMBER}|purchase\s?order(?:\s?{_NUMBER})?"
            rf"|your\s?(?:order|ref)\w*\s?{_NUMBER}?")),
    *_labels("order-id", Form.IDENTIFIER, (4.0, rf"(?:sales\s?)?order\s?{_NUMBER}|bestellnummer|ordernummer"
            rf"|commande\s?{_NUMBER}")),
    *_labels("account-number", Form.IDENTIFIER, (5.0, rf"(?:account|acct?\.?|a/c)\s?{_NUMBER}|iban"
            rf"|compte\s?{_NUMBER}?")),
    *_labels(
        "customer-number",
        Form.IDENTIFIER,
        (5.0, rf"(?:customer|client|cust\.?|member|patient)\s?{_NUMBER}|kunden-?\s?n(?:umme)?r\.?|klantnummer"
              rf"|identifiant(?:\s?client)?|debiteurnr\.?"),
    ),
    *_labels("vendor-gst-number", Form.IDENTIFIER, (5.0, rf"gst(?:in|\s?(?:reg\w*\.?)?\s?{_NUMBER}"
            rf"|\s?reg\w*\.?(?:\s?{_NUMBER})?)|gstin(?:\s?{_NUMBER})?")),
    *_labels("vendor-vat-number", Form.IDENTIFIER, (5.0, rf"(?:vat|tva|btw|ust|mwst"
            rf"|iva)\s?-?\.?\s?(?:reg\w*\s?)?(?:id\w*|intra\w*|{_NUMBER}|nummer)[.\s-]*(?:nr\.?|no\.?)?")),
    *_labels("vendor-abn-number", Form.IDENTIFIER, (5.0, r"abn|a\.b\.n\.?")),
    *_labels("vendor-pan-number", Form.IDENTIFIER, (5.0, rf"pan(?:\s?{_NUMBER})?")),
    *_labels("tax-payer-id", Form.IDENTIFIER, (5.0, rf"(?:federal\s?)?(?:tax(?:payer)?\s?(?:payer\s?)?{_NUMBER}"
            rf"|ein|tin|siren|siret|nif|cif|steuernummer|kvk\w*)")),
    *_labels("payment-terms", Form.TEXT, (5.0, r"(?:payment\s?)?terms(?:\s?of\s?payment)?(?!\s?(?:and|&)\s?cond)"
            r"|zahlungsbedingungen|conditions\s?de\s?paiement|betalingsvoorwaarden")),
    *_labels("vendor-phone", Form.PHONE, (4.0, rf"(?:tele?(?:phone|fon)?|phone|ph|mobile|hp|h/p"
            rf"|t[ée]l)\s?\.?(?:\s?{_NUMBER})?")),
]  # fmt: skip
RECEIVER = re.compile(
    r"(?<![^\W_])(?P<bill>bill(?:ed|ing)?\s?(?:to|address)|invoice\s?(?:to|address)|factur[ée]e?\s?[àa]"
    r"|rechnungs(?:empf[äa]nger|adresse)"
    r"|factuuradres)|(?P<ship>ship(?:ped|ping)?\s?(?:to|address)|deliver(?:ed|y)?\s?(?:to|address)"
    r"|liefer(?:adresse|anschrift)|afleveradres)"
    r"|(?P<sold>sold\s?to|customer(?:\s?name)?|client|guest(?:\s?name)?|buyer|attn|attention|kunde|klant)(?![^\W_])",
    re.IGNORECASE,
)
"""Heads of the blocks that name who receives a bill."""
