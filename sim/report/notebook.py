"""A result in a notebook: a table, sentences and a few charts, as HTML that can run nothing."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

from sim.report.lines import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.report.tables import Table


MOST_BYTES = 1_000_000
"""Most bytes of charts in one result: they are written into the notebook."""


def as_html(tables: Sequence[Table], paragraphs: Iterable[str] = (), charts: Iterable[bytes] = ()) -> str:
    """Return tables, paragraphs and charts as one piece of HTML.

    Parameters
    ----------
    tables
        In their order.
    paragraphs
        Below the tables.
    charts
        Images as SVG; they are embedded as pictures, so that no script in them could run. One that would make them too
        large together is left out.
    """
    parts = [table.to_html() for table in tables]
    parts += [f"<p>{html.escape(literal(paragraph))}</p>" for paragraph in paragraphs]
    left = MOST_BYTES
    for svg in charts:
        image = base64.b64encode(svg).decode()
        if len(image) > left:
            continue
        left -= len(image)
        parts.append(f'<img style="max-width: 100%" src="data:image/svg+xml;base64,{image}" alt="chart">')
    return "".join(parts)
