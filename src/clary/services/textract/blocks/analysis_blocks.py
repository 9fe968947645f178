"""What was read and understood of a page, as blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.engines.documents.contract import Page
from clary.engines.documents.understanding import Understanding
from clary.services.textract.blocks.blocks import Block, BlockStyle, PageBlocks
from clary.services.textract.blocks.form_blocks import (
    add_key_value,
    add_layout,
    add_queries,
    add_selections,
    add_signatures,
)
from clary.services.textract.blocks.table_blocks import Inlays, add_table


def text_blocks(page: Page, style: BlockStyle) -> list[Block]:
    """PAGE, LINE and WORD blocks."""
    return PageBlocks(page, style).finished()


def analysis_blocks(
    page: Page, understanding: Understanding, queries: Sequence[Mapping[str, Any]], style: BlockStyle
) -> list[Block]:
    """All blocks of a page that was analysed.

    Args:
        queries: Query structures that were asked of this page.
    """
    blocks = PageBlocks(page, style)
    add_layout(blocks, understanding.layout)
    selections = add_selections(blocks, understanding.selections)
    signatures = add_signatures(blocks, understanding.signatures)
    for table in understanding.tables:
        add_table(blocks, table, Inlays(selections, signatures))
    boxes = [(chosen, element.box) for chosen, element in zip(selections, understanding.selections, strict=True)]
    for field in understanding.key_values:
        add_key_value(blocks, field, boxes, signatures)
    add_queries(blocks, queries, understanding.answers)
    return blocks.finished()
