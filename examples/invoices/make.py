"""Makes the invoices of this folder, which are made up: python examples/invoices/make.py

A PDF is text: this writes it with nothing but Python, so that its characters are a text layer as in most invoices.
"""

from pathlib import Path

HERE = Path(__file__).parent
WIDTH, HEIGHT = 595, 842  # A4 in points


class Sheet:
    """One page; places are points from its upper left corner."""

    def __init__(self):
        self.drawn = []

    def text(self, x, y, text, size=10, bold=False):
        """Writes a line of text whose baseline is at `y`."""
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        self.drawn.append(f"BT /{'B' if bold else 'R'} {size} Tf {x} {HEIGHT - y} Td ({escaped}) Tj ET")
        return self

    def line(self, x, y, to_x, to_y):
        """Draws a ruling line."""
        self.drawn.append(f"0.7 w {x} {HEIGHT - y} m {to_x} {HEIGHT - to_y} l S")
        return self

    def table(self, x, y, widths, rows, height=20):
        """Draws a table with ruling lines; its first row is bold."""
        right, bottom = x + sum(widths), y + height * len(rows)
        for number in range(len(rows) + 1):
            self.line(x, y + number * height, right, y + number * height)
        lefts = [x + sum(widths[:column]) for column in range(len(widths) + 1)]
        for left in lefts:
            self.line(left, y, left, bottom)
        for number, row in enumerate(rows):
            for left, text in zip(lefts, row, strict=False):
                self.text(left + 4, y + number * height + 14, text, bold=number == 0)
        return self


def pdf(*sheets):
    """The bytes of a PDF file with these pages."""
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(sheets)))
    fonts = "/Font << /R 3 0 R /B 4 0 R >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(sheets)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    for number, sheet in enumerate(sheets):
        stream = "\n".join(sheet.drawn)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources << {fonts} >> "
            f"/Contents {6 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n"
    return made + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def invoice(vendor, street, city, number, date, due, customer, items, tax_percent, currency):
    """An invoice as a small firm writes it."""
    sheet = Sheet().text(50, 60, vendor, 18, bold=True).text(50, 80, street).text(50, 94, city)
    sheet.text(400, 60, "INVOICE", 18, bold=True)
    facts = (("Invoice Number:", number), ("Invoice Date:", date), ("Due Date:", due))
    for row, (label, value) in enumerate(facts):
        sheet.text(370, 90 + 16 * row, label).text(470, 90 + 16 * row, value)
    sheet.text(50, 150, "Bill To:", bold=True)
    for row, line in enumerate(customer):
        sheet.text(50, 166 + 14 * row, line)
    rows = [["Description", "Quantity", "Unit Price", "Amount"]]
    subtotal = 0.0
    for name, count, price in items:
        subtotal += count * price
        rows.append([name, str(count), f"{price:,.2f}", f"{count * price:,.2f}"])
    sheet.table(50, 240, [250, 70, 85, 90], rows)
    tax = round(subtotal * tax_percent / 100, 2)
    bottom = 240 + 20 * len(rows) + 30
    sums = (("Subtotal:", subtotal), (f"Tax ({tax_percent}%):", tax), ("Total:", subtotal + tax))
    for row, (label, amount) in enumerate(sums):
        sheet.text(370, bottom + 18 * row, label, bold=row == 2)
        sheet.text(470, bottom + 18 * row, f"{currency}{amount:,.2f}", bold=row == 2)
    sheet.text(50, 780, "Thank you for your business.")
    return pdf(sheet)


INVOICES = {
    "tea.pdf": (
        "Larch Tea Trading Ltd", "12 Wharf Lane", "Portsend, ME 04101", "LT-2041", "03/14/2024", "04/13/2024",
        ["Blue Door Cafe", "88 Harbor Street", "Portsend, ME 04103"],
        [("Green tea, 1 kg", 4, 18.5), ("Assam, 1 kg", 6, 14.0), ("Tea strainer", 10, 3.25)], 8, "$",
    ),
    "paper.pdf": (
        "Quill & Sons", "4 Mill Road", "Ashford, KS 67002", "10077", "11/02/2023", "12/02/2023",
        ["Field Museum Press", "200 Lake Avenue", "Lakeview, OH 43331"],
        [("Cotton paper A3, ream", 12, 42.9), ("Delivery", 1, 35.0)], 6, "$",
    ),
    "repair.pdf": (
        "Iron Bridge Bicycles", "7 Station Square", "Millbrook, NY 12545", "R-558", "07/29/2024", "08/12/2024",
        ["Dana Whitlock", "31 Cedar Court", "Millbrook, NY 12545"],
        [("Wheel truing", 2, 25.0), ("Brake pads, pair", 2, 11.8), ("Labor, hours", 3, 48.0)], 5, "$",
    ),
}  # fmt: skip

if __name__ == "__main__":
    for name, parts in INVOICES.items():
        (HERE / name).write_bytes(invoice(*parts))
