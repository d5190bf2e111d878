"""A notebook shows how far a comparison is, its table and a chart; a measure may be defined in a cell."""

import base64
import textwrap

import nbclient
import nbformat
import pytest
from setups.studies import BASE

CELLS = (
    f"import sim\ntown = {BASE!r}",
    """
    LIMIT = 30

    def late(record):
        rows = (record.case.labels.presence == 1) & (record.visits.start >= 0)
        return (record.visits.start[rows] - record.visits.arrival[rows] > LIMIT * 60_000).mean()

    mine = sim.OwnMeasure("late", late, unit="share", label="<b>late</b> & so on", mid=0.05)
    """,
    """
    today = sim.pilot("four_level", town)
    reform = sim.pilot("three_level", {**town, "structure.communities": 2})
    found = sim.compare([today, reform], replications=2, folder="results/mine", measures=[mine], workers=2)
    """,
    "found",
    "mine.digest()",
    "sim.measure(sim.network('mmc'), replications=2, progress=False)",
    "found.chart('turnaround')",
    "found.opening",
)


@pytest.mark.long
def test_a_notebook_shows_progress_then_the_table_and_a_chart(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert outputs[0] == outputs[1] == []
    lines = "".join(one.text for one in outputs[2] if one.output_type == "stream").splitlines()
    assert len([line for line in lines if line.startswith("  ") and " of 4: kept replication" in line]) == 4
    (shown,) = outputs[3]
    html, text = shown.data["text/html"], shown.data["text/plain"]
    assert "<caption>Means by pilot, with verdicts against four_level</caption>" in html
    assert "&lt;b&gt;late&lt;/b&gt; &amp; so on" in html
    assert "<b>" not in html
    picture = html.partition(' src="data:image/svg+xml;base64,')[2].partition('"')[0]
    assert b"<svg" in base64.b64decode(picture)
    assert text.startswith("Means by pilot, with verdicts against four_level")
    assert len(text) < 10_000
    (queue,) = outputs[5]
    assert "<table>" in queue.data["text/html"]
    (chart,), (opening,) = outputs[6:]
    assert base64.b64decode(chart.data["image/png"]).startswith(b"\x89PNG")
    assert opening.data["text/html"].count("<table>") == 3
