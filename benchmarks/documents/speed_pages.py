"""Pages whose reading is timed: a full page of print as a scanner gives it, and a PDF with a text layer."""

from __future__ import annotations

import io

import pypdfium2 as pdfium

LINES = (
    "This agreement is made between the seller, with offices at 12 Harbour Road, and the buyer named",
    "below. The goods remain the property of the seller until the invoice of 1,204.75 has been paid in",
    "full. Payment is due within thirty days of delivery; interest of 4.5 % a year is charged after that.",
)


def text_pages(count: int, lines: int = 48) -> bytes:
    """A PDF of `count` pages, full of lines in Helvetica."""
    rows = [LINES[at % len(LINES)] for at in range(lines)]
    strokes = [f"BT /F1 10 Tf 60 {790 - 15 * at} Td ({row}) Tj ET" for at, row in enumerate(rows)]
    content = "\n".join(strokes).encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b" ".join(b"%d 0 R" % (5 + at) for at in range(count))),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 3 0 R >> >> >>"
    )
    body, offsets = b"%PDF-1.5\n", []
    for number, item in enumerate([*objects, *[page] * count], 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, len(body))
    return body + head + table + trailer


def printed_page() -> bytes:
    """The same page as a JPEG of 200 dots per inch."""
    document = pdfium.PdfDocument(text_pages(1))
    file = io.BytesIO()
    document[0].render(scale=200 / 72).to_pil().convert("L").save(file, "JPEG", quality=85, dpi=(200, 200))
    document.close()
    return file.getvalue()
