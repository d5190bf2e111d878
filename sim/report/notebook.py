"""What a result shows in a notebook: a table, sentences and a chart, as HTML that can run nothing."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

from sim.report.tables import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.report.tables import Table


def as_html(tables: Sequence[Table], text: str = "", charts: Sequence[bytes] = ()) -> str:
    """Return tables, paragraphs and charts as one piece of HTML.

    Parameters
    ----------
    tables
        In their order.
    text
        Paragraphs, an empty line between two.
    charts
        Images as SVG; they are embedded as pictures, so that no script in them could run.
    """
    parts = [table.to_html() for table in tables]
    parts += [f"<p>{html.escape(literal(paragraph))}</p>" for paragraph in text.split("\n\n") if paragraph]
    for svg in charts:
        parts.append(f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}" alt="chart">')
    return "".join(parts)
