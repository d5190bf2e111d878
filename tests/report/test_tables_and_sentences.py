import io
import math
import re

import polars as pl
import pytest
from rich.console import Console

from sim.report.comparison import comparison_table, comparison_tables, summary_table
from sim.report.console import terminal
from sim.report.sentences import conclusions, withheld_notes
from sim.report.tables import MARKS, Column, Table, decimals, difference, escape_markdown, number, rows_table

LABELS = (
    ("turnaround_p90", "turnaround, 90th percentile", "working days", 0.5, False),
    ("counter_wait_mean", "counter wait, mean", "minutes", 2.0, False),
    ("on_time", "on time", "share", 0.02, True),
    ("trips", "trips per request", "", 0.1, False),
    ("resident_time", "residents' own time per request", "minutes", 5.0, False),
)
B, W, S, U, H, NONE, J = MARKS
NASTY = "[red]x[/] a$b$<script>|`_*"


def conclusion(*given):
    """Return the paragraphs of a conclusion as they are printed."""
    return "\n\n".join(conclusions(*given))


def comparison(verdicts, pilot="three_level", baseline="four_level", n=30, needed=(60, 400)):
    rows = []
    for (measure, label, unit, mid, higher), verdict in zip(LABELS, verdicts, strict=False):
        known = verdict != H
        rows.append(
            {
                "measure": measure,
                "group": "all",
                "label": label,
                "unit": unit,
                "open_bound": 0.0,
                "baseline": baseline,
                "pilot": pilot,
                "baseline_mean": 0.86 if unit == "share" else 12.3456,
                "pilot_mean": 0.89 if unit == "share" else 11.3456,
                "difference": math.nan if not known else 0.03 if unit == "share" else -1.0,
                "low": math.nan if not known else 0.021 if unit == "share" else -1.2,
                "high": math.nan if not known else 0.039 if unit == "share" else -0.8,
                "mid": mid,
                "higher_is_better": higher,
                "verdict": verdict,
                "why": "20% of its requests go to an overloaded post" if verdict == "withheld" else "",
                "help": "more staff" if verdict == "withheld" else "",
                "cause": "overloaded requests" if verdict == "withheld" else None,
                "needed_least": needed[0] if verdict == U else None,
                "needed_most": needed[1] if verdict == U else None,
                "n": n,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"needed_least": pl.Int64, "needed_most": pl.Int64})


def measures(pilots, n=4):
    rows = [
        (pilot, r, measure, "all", unit, (0.8 if unit == "share" else 12.0) + 0.01 * r + 0.02 * k, 1000)
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for measure, _, unit, _, _ in LABELS
    ]
    names = ["pilot", "replication", "measure", "group", "unit", "value", "n"]
    return pl.DataFrame(rows, schema=names, orient="row")


def printed(table, width):
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(table)
    return file.getvalue()


def test_a_table_is_the_same_in_the_terminal_and_in_markdown():
    columns = (Column("Post"), Column("Heads", "right"))
    table = Table("Heads by post", columns, (("street officer", "120"),), ("Heads are conserved.",))
    assert table.to_markdown() == (
        "**Heads by post**\n\n| Post | Heads |\n| --- | ---: |\n| street officer | 120 |\n\nHeads are conserved."
    )
    shown = printed(table, 80)
    for words in ("Heads by post", "Post", "street officer", "120", "Heads are conserved."):
        assert words in shown
    assert printed(table.to_rich(), 80) == shown


def test_a_row_must_have_one_cell_a_column():
    with pytest.raises(ValueError, match=r"rows\[1\] must have 2 cells, one a column, got 1"):
        Table("t", (Column("a"), Column("b")), (("1", "2"), ("3",)))


def test_markup_in_names_is_shown_as_it_is():
    table = Table(NASTY, (Column(NASTY), Column("n", "right")), ((NASTY, "1"),), (NASTY,))
    assert printed(table, 100).count(NASTY) == 4
    markdown = table.to_markdown()
    assert "<script>" not in markdown
    assert markdown.count(r"\[red\]x\[/\] a\$b\$&lt;script&gt;\|\`\_\*") == 4
    for line in markdown.splitlines()[2:5]:
        assert len(re.findall(r"(?<!\\)\|", line)) == 3


def test_a_table_without_a_title_begins_with_its_headings_in_markdown():
    table = Table("", (Column("a"),), (("1",),), ("Note.",))
    assert table.to_markdown() == "| a |\n| --- |\n| 1 |\n\nNote."


def test_control_characters_and_line_breaks_reach_neither_terminal_nor_markdown():
    table = Table("t", (Column("a"),), (("x\x1b[31m\ny\u202ez",),))
    assert "\x1b" not in printed(table, 80)
    assert "| x \\[31m y z |" in table.to_markdown()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("four_level", "four_level"),
        ("_x_", r"\_x\_"),
        ("a&b", "a&amp;b"),
        ("#1", r"\#1"),
        ("a\\|b", "a\\\\\\|b"),
    ],
)
def test_markdown_escapes(text, escaped):
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("pilot", ["three_level", "three_level_all_down", "a_" * 20])
def test_a_comparison_fits_the_terminal_and_breaks_no_number(width, pilot):
    shown = printed(comparison_table(comparison([B, W, S, U, H], pilot), pilot), width)
    assert max(map(len, shown.splitlines())) <= width
    assert shown.count("-1.00 [-1.20, -0.80]") == 3
    assert "+3.00 [+2.10, +3.90]" in shown
    for word in ("better", "worse", "material", "undecided", "withheld", "Verdict"):
        assert word in shown


@pytest.mark.parametrize("width", [80, 100])
def test_a_summary_of_seven_pilots_is_cut_into_pieces_that_fit(width):
    pilots = ["four_level", *(f"three_level_variant_{i}" for i in range(6))]
    table = pl.concat(comparison([B, W, S, U, H], pilot) for pilot in pilots[1:])
    summary = summary_table(measures(pilots), table, pilots)
    shown = printed(summary, width)
    assert max(map(len, shown.splitlines())) <= width
    for _, label, *_ in LABELS:
        assert label.split()[0] in shown
    for verdict in (B, W, S, U, H):
        assert MARKS[verdict] in shown
    assert len(summary.columns) == 8
    assert shown.count("Against four_level:") == 1


def test_every_piece_of_a_table_repeats_its_key_and_no_name_is_broken_within_a_word():
    numbers = tuple(Column(f"number_{i}", "right") for i in range(6))
    rows = tuple((name, "community, 118", *["1,234.56"] * 6) for name in ("three_level_balanced", "four_level"))
    table = Table("Load", (Column("pilot"), Column("post"), *numbers), rows, n_keys=2)
    for width in (50, 60, 80):
        shown = printed(table, width)
        assert max(map(len, shown.splitlines())) <= width
        n_pieces = shown.count("Load")
        assert n_pieces > 1 or width == 80
        assert shown.count("post") == shown.count("pilot") == n_pieces
        assert shown.count("balanced") == shown.count("three_level_") == n_pieces
    assert "three_level_balanced" in printed(table, 80)


@pytest.mark.parametrize(("said", "width"), [("80", 80), ("", 120), ("0", 120), ("wide", 120)])
def test_a_pipe_is_written_as_wide_as_columns_says(monkeypatch, said, width):
    monkeypatch.setenv("COLUMNS", said)
    assert terminal().width == width


def test_a_summary_shows_means_in_the_order_of_the_pilots():
    table = comparison([B, W, S, U, H])
    summary = summary_table(measures(["three_level", "four_level"]), table, ["four_level", "three_level"])
    assert [c.heading for c in summary.columns] == ["Measure", "four_level", "three_level"]
    assert summary.rows[2][0] == "on time (%)"
    assert summary.rows[2][2].endswith("=")
    assert float(summary.rows[2][1].split()[0]) == pytest.approx(83.5)


def test_a_summary_of_one_pilot_has_half_widths():
    # Values 12.00 to 12.03: standard deviation 0.01291, t(3) = 3.182, half-width 0.0205.
    summary = summary_table(measures(["four_level"]), comparison([]), ["four_level"])
    assert summary.rows[0] == ("turnaround p90 (working days)", "12.02 ± 0.02")


def test_a_summary_of_one_pilot_says_measures_in_the_words_that_a_report_has_for_them():
    words = {"turnaround_p90": "done, 9 in 10 within"}
    summary = summary_table(
        measures(["four_level"]), comparison([]), ["four_level"], words=lambda measure: words.get(measure, measure)
    )
    assert [row[0] for row in summary.rows[:2]] == [
        "done, 9 in 10 within (working days)",
        "counter_wait_mean (minutes)",
    ]


def test_a_mean_of_a_withheld_replication_is_withheld():
    table = measures(["four_level"]).with_columns(
        value=pl.when(pl.col("replication") == 1).then(None).otherwise(pl.col("value"))
    )
    assert summary_table(table, comparison([]), ["four_level"]).rows[0][1] == "– ± –"


def test_the_notes_say_what_the_intervals_and_the_mid_are():
    notes = " ".join(comparison_table(comparison([B, U, B, H, S]), "three_level").notes)
    assert "4 intervals of differences that hold jointly with 95 % confidence; 30 replications" in notes
    assert "(MID): 0.5 working days (turnaround, 90th percentile), 2 minutes (counter wait, mean)" in notes
    assert "2 points (on time)" in notes
    assert (
        "Withheld: trips per request (20% of its requests go to an overloaded post). What would help: more staff."
        in notes
    )
    assert "percentage points" in notes


def test_the_notes_of_several_pilots_stand_once_under_the_last_table():
    both = pl.concat([comparison([B, U, H]), comparison([H, W], "flatten_only")])
    first, last = comparison_tables(both, ["three_level", "flatten_only"])
    assert first.notes == ()
    assert [note.partition(" ")[0] for note in last.notes] == ["3", "The", "Needs:", "Shares", "Withheld:"]
    assert comparison_tables(both, []) == []


def test_one_replication_shows_differences_without_intervals():
    table = comparison([B, B]).with_columns(n=pl.lit(1), low=pl.lit(math.nan), high=pl.lit(math.nan), verdict=pl.lit(H))
    shown = comparison_table(table, "three_level")
    assert [row[3] for row in shown.rows] == ["-1.00", "-1.0"]
    assert shown.notes[0] == "One replication gives no interval, so all verdicts are withheld."


def test_a_withheld_row_shows_no_difference():
    row = comparison([H]).with_columns(difference=pl.lit(5.0), low=pl.lit(4.0), high=pl.lit(6.0)).row(0, named=True)
    told = difference(row)
    assert (told.difference, told.interval) == ("–", "")
    assert told.pilot == "11.3"


def test_a_pilot_that_was_not_compared_is_refused():
    with pytest.raises(ValueError, match="pilot must be a pilot of the comparison, got flatten_only"):
        comparison_table(comparison([B]), "flatten_only")


@pytest.mark.parametrize(
    ("scale", "size", "wanted"),
    [
        (0.25, 8.0, 2),
        (2.5, 30.0, 1),
        (25.0, 300.0, 0),
        (0.012, 1.6, 3),
        (0.012, 139.5, 1),
        (math.nan, math.nan, 2),
    ],
)
def test_decimals_show_two_digits_of_the_half_width_and_four_of_the_number(scale, size, wanted):
    assert decimals(scale, size) == wanted


@pytest.mark.parametrize(
    ("value", "places", "signed", "text"),
    [
        (-0.001, 2, True, "0.00"),
        (1234.5, 0, False, "1,234"),
        (0.5, 1, True, "+0.5"),
        (math.nan, 1, False, "–"),
        (None, 1, False, "–"),
    ],
)
def test_numbers_as_text(value, places, signed, text):
    assert number(value, places, signed=signed) == text


def test_any_rows_make_a_table_with_numbers_at_the_right():
    rows = [
        {"post": "street", "heads": 1200, "load": 0.734, "full": True},
        {"post": None, "heads": 3, "load": None, "full": False},
    ]
    table = rows_table("Load", rows, ["A note."])
    assert [c.align for c in table.columns] == ["left", "right", "right", "left"]
    assert table.rows == (("street", "1,200", "0.73", "yes"), ("–", "3", "–", "no"))
    assert rows_table("Load", pl.DataFrame(rows), ["A note."]) == table
    assert rows_table("Nothing", []).rows == ()


def test_conclusion_all_better():
    assert conclusion(comparison([B, B]), {}, "four_level") == (
        "three_level is better than four_level on every measure (turnaround, 90th percentile; counter wait, mean)."
    )


def test_conclusion_all_worse_says_so_plainly():
    assert conclusion(comparison([W, W]), {}, "four_level") == (
        "three_level is worse than four_level on every measure (turnaround, 90th percentile; counter wait, mean)."
    )


def test_conclusion_worse_and_better_on_nothing():
    text = conclusion(comparison([W, S, U]), {}, "four_level")
    assert text.startswith(
        "three_level is worse than four_level on 1 of 3 measures (turnaround, 90th percentile) "
        "and better on none of those that could be judged."
    )
    assert "It makes no material difference on 1 (counter wait, mean)." in text


def test_conclusion_mixed():
    assert conclusion(comparison([B, W, S, U]), {}, "four_level") == (
        "three_level is a mixed result: better than four_level on 1 of 4 measures "
        "(turnaround, 90th percentile), "
        "but worse on 1 (counter wait, mean). It makes no material difference on 1 (on time). "
        "1 is undecided (trips per request): 30 replications are too few; it takes at least 60 to settle it, and at "
        "the most about 400."
    )


def test_conclusion_no_material_difference():
    assert conclusion(comparison([S, S]), {}, "four_level") == (
        "three_level makes no difference that matters against four_level, on any of 2 measures."
    )


def test_conclusion_all_undecided():
    assert conclusion(comparison([U, U], n=5), {}, "four_level") == (
        "This study cannot distinguish three_level from four_level: none of 2 measures is decided. 2 are undecided "
        "(turnaround, 90th percentile; counter wait, mean): 5 replications are too few; "
        "it takes at least 60 to settle them all, and at the most about 400."
    )
    close = conclusion(comparison([U], needed=(60, None)), {}, "four_level")
    assert "at least 60 to settle it, and how many would do cannot be said." in close
    both = pl.concat([comparison([U]), comparison([S, U], needed=(90, None))])
    assert "at least 90 to settle them all, and how many would do cannot be said." in conclusion(both, {}, "four_level")
    unforeseen = conclusion(comparison([U], needed=(None, None)), {}, "four_level")
    assert "30 replications are too few, and how many would do cannot be said." in unforeseen


def test_what_is_too_skewed_says_so_under_its_table_with_what_would_help():
    why = "too skewed for 30 replications"
    skewed = comparison([B, H]).with_columns(
        cause=pl.when(pl.col("verdict") == H).then(pl.lit("too skewed")).otherwise("cause"),
        why=pl.when(pl.col("verdict") == H).then(pl.lit(why)).otherwise("why"),
        help=pl.when(pl.col("verdict") == H).then(pl.lit("about 80 replications")).otherwise("help"),
        difference=pl.lit(-1.0),
    )
    table = comparison_table(skewed, "three_level")
    assert f"Withheld: counter wait, mean ({why}). What would help: about 80 replications." in table.notes
    assert table.rows[1][3:] == ("-1.0", "withheld")  # the difference without an interval
    assert f"because the differences of the replications are {why}." in conclusion(skewed, {}, "four_level")


def test_a_conclusion_says_of_each_withheld_measure_why_it_is():
    table = comparison([H, H, H, B])
    labels = table["label"].to_list()
    mixed = table.with_columns(cause=pl.Series(["overloaded staff", "no observation", "no observation", None]))
    assert conclusion(mixed, {"three_level": ["district desk"]}, "four_level").endswith(
        f"The verdicts on 3 are withheld: 1 ({labels[0]}), because district desk is overloaded under three_level; "
        f"2 ({labels[1]}; {labels[2]}), because there was nothing to observe in some replication."
    )


def test_overload_that_withholds_nothing_is_noted_and_is_no_reason():
    table = comparison([H, B]).with_columns(cause=pl.Series(["no observation", None]))
    told = conclusion(table, {"three_level": ["district desk"]}, "four_level")
    assert "because there was nothing to observe in some replication. Note that district desk is overloaded" in told


def test_what_is_known_without_simulation_has_no_interval_and_is_not_counted():
    still = comparison([S, B]).with_columns(
        low=pl.when(pl.col("verdict") == S).then("difference").otherwise("low"),
        high=pl.when(pl.col("verdict") == S).then("difference").otherwise("high"),
    )
    table = comparison_table(still, "three_level")
    assert table.notes[0].startswith("1 interval of differences that hold")
    assert table.notes[1].startswith("Known without simulation")
    assert "[" not in table.rows[0][3]


def test_conclusion_withheld_names_the_overloaded_posts():
    overloaded = {"three_level": ["district desk", "community desk"], "four_level": ["street"]}
    assert conclusion(comparison([B, H]), overloaded, "four_level") == (
        "three_level is better than four_level on 1 of 2 measures (turnaround, 90th percentile) and "
        "worse on none of those that could be judged. The verdict on 1 is withheld (counter wait, mean), "
        "because district desk and community desk are overloaded under three_level "
        "and street is overloaded under four_level."
    )
    for cause, words in (
        ("left or still open", "because too many requests left unserved or were still open at the end"),
        ("still open", "because what is still open may move the mean by too much"),
        ("no observation", "because there was nothing to observe in some replication"),
        ("observed once", "because there was something to observe in one replication only"),
        ("no spread", "because the difference is the same in every replication"),
    ):
        one = comparison([H]).with_columns(cause=pl.lit(cause))
        assert words in conclusion(one, {}, "four_level")


def test_conclusion_names_an_overload_that_no_verdict_rests_on():
    text = conclusion(comparison([B]), {"three_level": ["district desk"]}, "four_level")
    assert text.endswith("Note that district desk is overloaded under three_level.")


def test_conclusion_of_one_replication_concludes_nothing():
    text = conclusion(comparison([H, H], n=1), {"three_level": ["district desk"]}, "four_level")
    assert text == (
        "One replication gives no interval, so nothing is concluded about three_level against four_level; "
        "district desk is overloaded under three_level."
    )


def test_conclusion_has_a_paragraph_a_pilot_and_counts_every_row():
    groups = comparison([W]).with_columns(group=pl.lit("route:street"), label=pl.lit("street matters"))
    table = pl.concat([comparison([B]), groups, comparison([W], "flatten_only")])
    first, second = conclusions(table, {}, "four_level")
    assert first == (
        "three_level is a mixed result: better than four_level on 1 of 2 measures (turnaround, 90th percentile), "
        "but worse on 1 (street matters)."
    )
    assert second == "flatten_only is worse than four_level on every measure (turnaround, 90th percentile)."
    assert conclusion(table.clear(), {}, "four_level") == "Nothing was compared with four_level."


def without_value(table):
    """The rows: without a mean under the baseline where nothing is owed, and without a MID where nothing is judged."""
    return table.with_columns(
        baseline_mean=pl.when(pl.col("verdict") == NONE).then(math.nan).otherwise("baseline_mean"),
        difference=pl.when(pl.col("verdict") == NONE).then(math.nan).otherwise("difference"),
        mid=pl.when(pl.col("verdict") != J).then("mid"),
        low=pl.when(pl.col("verdict").is_in([NONE, J])).then(math.nan).otherwise("low"),
        high=pl.when(pl.col("verdict").is_in([NONE, J])).then(math.nan).otherwise("high"),
    )


def test_what_is_not_owed_or_not_judged_counts_in_no_conclusion():
    table = comparison([B, NONE, J])
    assert conclusion(table, {}, "four_level") == (
        "three_level is better than four_level on every measure (turnaround, 90th percentile). Not compared, as one of "
        "the two owes none of it: counter wait, mean."
    )


def test_a_table_says_not_owed_in_the_cell_and_gives_what_is_not_judged_no_interval():
    table = without_value(comparison([B, NONE, J]))
    shown = comparison_table(table, "three_level")
    _, owed, judged = shown.rows
    assert owed[1:] == ("not owed", "11.3", "–", "not owed")
    assert judged[3:] == ("+3.0", "not judged")
    notes = " ".join(shown.notes)
    assert "Not owed: one of the two owes none" in notes
    assert "Not judged" in notes
    assert "Withheld" not in notes
    nothing = measures(["four_level", "three_level"]).with_columns(
        value=pl.when((pl.col("measure") == "counter_wait_mean") & (pl.col("pilot") == "four_level"))
        .then(math.nan)
        .otherwise("value")
    )
    means = summary_table(nothing, table, ["four_level", "three_level"], duties={"counter_wait_mean"})
    assert means.rows[1][1].startswith("not owed")
    assert means.notes == ("Against four_level: ▲ better, ○ not owed, · not judged.",)
    alone = summary_table(nothing, comparison([]), ["four_level"], duties={"counter_wait_mean"})
    assert alone.rows[1][1].strip() == "not owed"


def test_conclusion_takes_names_as_they_are():
    assert NASTY in conclusion(comparison([B], NASTY), {}, "four_level")


def test_what_is_withheld_stands_once_a_reason_with_what_would_help_and_what_is_not_owed_needs_no_help():
    rows = [
        ("wait", "20% overloaded", "more staff"), ("trips", "20% overloaded", "more staff"),
        ("on time", "30% overloaded", "more staff"), ("patrols", "not owed under a", ""), ("visits", "", ""),
    ]  # fmt: skip
    assert withheld_notes(rows) == [
        "Withheld: wait, trips (20% overloaded); on time (30% overloaded). What would help: more staff.",
        "Without a value: patrols (not owed under a).",
    ]
    many = [(f"m{i}", f"reason {i}", "patience") for i in range(9)]
    assert withheld_notes(many)[0].endswith("m5 (reason 5); and for 3 more reasons. What would help: patience.")
