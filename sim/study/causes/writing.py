"""What the causes of an effect contribute, to be read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.language import N_, gettext, listed, phrase, separated
from sim.measures.dictionary import DEFINITIONS
from sim.report.tables import (
    Column,
    Table,
    at_most,
    decimals,
    escape_markdown,
    number,
    percent,
    scale_of,
    with_its_unit,
)
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config.report import Response
    from sim.statistics.intervals import Difference
    from sim.study.causes.contributions import Explained
    from sim.study.causes.definition import Causes, Longer

OPENING = N_("""\
Made by `wangge explain`, model {version}: every mixture of {n} causes ({mixtures} designs, {replications} replications
of each) on the same draws. {how}

Singly measured effects need not add up, as causes can stand in for one another: `contributions.csv` has, beside each
contribution, the effect of the cause alone (`first`) and with all others there (`last`).
""")

GROWING = N_("""\
In {overloaded} of the {mixtures} mixtures staff cannot keep up, so that what waits there grows for as long as they
run: what is explained is a span, {measured} measured weeks after {warm_up} of warm-up, and not a lasting state. So
every mixture was run over {longer} measured weeks too ({replications} replications): a contribution is confirmed only
where it points the same way there, and the table says how large it is then.
""")


@dataclass(frozen=True)
class Weeks:
    """The weeks of the mixtures, and in how many of them staff cannot keep up."""

    warm_up: int
    measured: int
    over: Longer | None
    overloaded: int

    @property
    def longer(self) -> int:
        """Return the measured weeks of the longer run, 0 where there is none."""
        return self.measured * self.over.times if self.over else 0


def sentence(causes: Causes, one: Explained, words: str, weeks: Weeks) -> str:
    """Return what the run says of a response: only causes whose contribution is confirmed are said to move it."""
    factor, unit, _ = scale_of(_unit(one.response))
    before, after = one.without * factor, one.with_all * factor
    if not all(math.isfinite(share.low) or share.same for share in one.shares):
        skewed = next((share for share in one.shares if share.enough), None)
        if skewed is not None:
            return gettext(
                "{response}: withheld, {why}; {more} might do.",
                response=words, why=skewed.why_none, more=skewed.help,
            )  # fmt: skip
        return gettext(
            "{response}: withheld, as nothing follows from its values in some mixtures: too many requests go to staff "
            "who cannot keep up, or there is no value.",
            response=words,
        )
    places = decimals(abs(after - before) / 10, max(abs(before), abs(after)))
    labels = [phrase(cause.label) for cause in causes.causes.values()]
    order = sorted(range(len(labels)), key=lambda i: -abs(one.shares[i].estimate))
    sides = {
        N_("raised by {causes}"): [i for i in order if one.confirmed[i] and one.shares[i].estimate > 0],
        N_("lowered by {causes}"): [i for i in order if one.confirmed[i] and one.shares[i].estimate < 0],
        N_("not confirmed: {causes}"): [i for i in order if not one.confirmed[i]],
    }
    shares = separated(
        gettext(side, causes=listed(_sized(labels[i], _points(one.shares[i], one.response)) for i in which))
        for side, which in sides.items()
        if which
    )
    if weeks.overloaded:
        words = gettext("{response} over {n} weeks", response=words, n=weeks.measured)
    return gettext(
        "{response}: {after} with all causes at work, {before} with none; {shares}.",
        response=words, after=with_its_unit(number(after, places), unit), before=number(before, places), shares=shares,
    )  # fmt: skip


def _sized(cause: str, size: str) -> str:
    """Return a cause with the size of its contribution."""
    return gettext("{cause} ({size})", cause=cause, size=size)


def seen(causes: Causes, results: Sequence[Explained], words: Mapping[Response, str]) -> str:
    """Return the title of the chart: the cause that is confirmed to contribute most to the first response."""
    first = results[0]
    what = words[first.response][:1].upper() + words[first.response][1:]
    labels = [phrase(cause.label) for cause in causes.causes.values()]
    confirmed = [i for i, known in enumerate(first.confirmed) if known]
    if not confirmed:
        return gettext("{what}: no cause is confirmed", what=what)
    most = max(confirmed, key=lambda i: abs(first.shares[i].estimate))
    size = _points(first.shares[most], first.response)
    return gettext("{what}: the most is done by \u201c{cause}\u201d ({size})", what=what, cause=labels[most], size=size)


def how(confidence: float) -> str:
    """Return how the causes were weighed, in two sentences; the confidence is that of the intervals."""
    return gettext(
        "The effect of adding each cause, averaged over all orders in which they can be added (Shapley); the bars of a "
        "measure sum to its change. Intervals of {confidence} hold together; a pale bar is not confirmed.",
        confidence=percent(confidence),
    )


def page(
    causes: Causes,
    results: Sequence[Explained],
    words: Mapping[Response, str],
    sentences: Sequence[str],
    weeks: Weeks,
    confidence: float,
) -> str:
    """Return the page of an explanation in Markdown, with its chart beside it in `charts/`."""
    n = len(causes.causes)
    opening = gettext(
        OPENING, n=n, mixtures=2**n, replications=causes.replications, how=how(confidence), version=MODEL_VERSION
    )
    heads = (gettext("cause"), *(_heading(words[one.response], one.response) for one in results))
    title = escape_markdown(phrase(causes.title))
    rows = [
        (phrase(cause.label), *(_cell(one, i, weeks) for one in results))
        for i, cause in enumerate(causes.causes.values())
    ]
    rows.append((gettext("together"), *(_together(one) for one in results)))
    parts = [
        f"# {title}",
        opening.strip(),
        *_growing(weeks, 2**n),
        "\n".join(f"- {escape_markdown(one)}" for one in sentences),
        *_still_open(results, words),
        f"![{title}](charts/explained.svg)",
        Table("", tuple(Column(head) for head in heads), tuple(rows)).to_markdown(),
        _settings(causes),
    ]
    return "\n\n".join(parts) + "\n"


def _growing(weeks: Weeks, mixtures: int) -> list[str]:
    """Return the paragraph on mixtures whose staff cannot keep up, where there are any and a longer run was made."""
    if weeks.over is None or not weeks.overloaded:
        return []
    facts = {"longer": weeks.longer, "replications": weeks.over.replications, "mixtures": mixtures}
    told = gettext(GROWING, overloaded=weeks.overloaded, measured=weeks.measured, warm_up=weeks.warm_up, **facts)
    return [told.strip()]


def _still_open(results: Sequence[Explained], words: Mapping[Response, str]) -> list[str]:
    """Return the paragraph on what is still open at the end, where it can move contributions at all."""
    bounds = [
        gettext(
            "{measure} by at most {bound}",
            measure=escape_markdown(words[one.response]),
            bound=with_its_unit(at_most(bound), unit),
        )
        for one in results
        for factor, _, unit in [scale_of(_unit(one.response))]
        if (bound := factor * one.open_bound) > 0 and math.isfinite(one.shares[0].low)
    ]
    if not bounds:
        return []
    return [
        gettext(
            "What is still open at the end can move contributions to {bounds}: one that is not beyond that is not "
            "confirmed.",
            bounds=separated(bounds),
        )
    ]


def _settings(causes: Causes) -> str:
    """Return the knobs of every cause."""
    rows = [
        (phrase(cause.label), *(_knobs(state) for state in (cause.without, cause.at_work)))
        for cause in causes.causes.values()
    ]
    columns = tuple(map(Column, (gettext("cause"), gettext("without it"), gettext("with it"))))
    heading = gettext("What is set")
    return f"## {heading}\n\n{Table('', columns, tuple(rows)).to_markdown()}"


def _knobs(state: Mapping[str, object]) -> str:
    """Return the knobs of a state of a cause."""
    return ", ".join(f"{key}={value}" for key, value in state.items()) or gettext("as in the pilot")


def _unit(response: Response) -> str:
    """Return the unit of a response, empty for a measure that the dictionary does not know."""
    return DEFINITIONS.get(response.measure, ("", ""))[0]


def _heading(words: str, response: Response) -> str:
    """Return a response in words with the unit of its differences."""
    return gettext("{label} ({unit})", label=words, unit=scale_of(_unit(response))[2])


def _cell(one: Explained, i: int, weeks: Weeks) -> str:
    """Return a contribution with its interval, what it is over a longer run, and whether it is confirmed."""
    share = one.shares[i]
    factor = scale_of(_unit(one.response))[0]
    if not math.isfinite(share.low):
        return gettext("withheld")
    places = _places(share, factor)
    low, high = (number(factor * end, places, signed=True) for end in (share.low, share.high))
    ends = gettext("{low} to {high}", low=low, high=high)
    text = gettext("{value} ({ends})", value=number(factor * share.estimate, places, signed=True), ends=ends)
    if one.longer.size:
        longer = number(factor * float(one.longer[i].mean()), places, signed=True)
        text = gettext("{text}; over {n} weeks {value}", text=text, n=weeks.longer, value=longer)
    return text if one.confirmed[i] else gettext("{text}, not confirmed", text=text)


def _together(one: Explained) -> str:
    """Return the whole change of a response."""
    factor = scale_of(_unit(one.response))[0]
    change = factor * (one.with_all - one.without)
    return number(change, decimals(math.nan, change), signed=True)


def _points(share: Difference, response: Response) -> str:
    """Return a contribution with its unit."""
    factor, _, unit = scale_of(_unit(response))
    return with_its_unit(number(factor * share.estimate, _places(share, factor), signed=True), unit)


def _places(share: Difference, factor: float) -> int:
    """Return the decimals of a contribution."""
    return decimals(factor * share.half_width, factor * max(abs(share.low), abs(share.high)))
