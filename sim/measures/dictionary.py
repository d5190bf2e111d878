"""The dictionary of the district's measures: name, unit and definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.language import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

_TURNAROUND = "working days of office time from first contact to result"
_SERVED = "of those served only: nothing is known of who left, and open ones"
_ISSUE = "working days of office time from the rise of a latent issue to its end"

CONTROL = "control"
"""The measure of what was drawn before the simulation, of which the mean is known."""

OPEN_BOUND = "open_bound"
"""The measure of by how much what is still open at the end can move another: its groups are `MEASURE|GROUP`."""

DEFINITIONS: dict[str, tuple[str, str]] = {
    "turnaround_restricted_mean": (
        "working days",
        N_(
            "mean: working days of office time from first contact to result, at most run.turnaround_cap_working_days "
            "each: who left unserved and who is still open count as many"
        ),
    ),
    "turnaround_p50": (
        "working days",
        N_(
            "median: working days of office time from first contact to result; who left unserved and who is still "
            "open count as longest"
        ),
    ),
    "turnaround_p90": (
        "working days",
        N_(
            "nine in ten within: working days of office time from first contact to result; who left unserved and who "
            "is still open count as longest"
        ),
    ),
    "turnaround_mean_served": (
        "working days",
        f"mean: {_TURNAROUND}, {_SERVED} are left out; withheld (NaN) where more than 1 % are open",
    ),
    "turnaround_p50_served": ("working days", f"median: {_TURNAROUND}, {_SERVED} count as longest"),
    "turnaround_p90_served": ("working days", f"nine in ten within: {_TURNAROUND}, {_SERVED} count as longest"),
    "still_open": ("share", "requests without a result at the horizon that did not leave"),
    "left_unserved": ("share", N_("requests that gave up, were sent away or got no answer, and did not come again")),
    "on_time": (
        "share",
        N_("within the archetype's limit, on its own clock, stopped for missing papers; who left unserved is late"),
    ),
    "trips": ("per request", N_("ways to an office, of requests at the counter or by phone")),
    "resident_time": (
        "minutes",
        N_(
            "walking or riding both ways, waiting and being served (at home: served; calls: none), of the same requests"
        ),
    ),
    "one_visit": ("share", N_("requests at the counter that are finished with at most one trip")),
    "hand_overs": ("per request", N_("changes of the unit that has the file, of finished requests")),
    "wrong_desks": ("per request", "desks that looked at a request that did not belong to them, before the right one"),
    "days_per_hand_over": ("working days", "slope of turnaround on hand-overs over finished requests"),
    "dispatch_p50": ("office hours", "median from first contact to arrival at the last unit it is handed to"),
    "touched": ("share", "requests that came to a post where residents' requests pile up, and not paper alone"),
    "touched_in_person": ("share", "the same for residents in person"),
    "counter_wait_mean": (
        "minutes",
        N_("mean: minutes of opening time that a resident waits in person, each time, until service or giving up"),
    ),
    "counter_wait_p50": (
        "minutes",
        N_("median: minutes of opening time that a resident waits in person, each time, until service or giving up"),
    ),
    "counter_wait_p90": (
        "minutes",
        N_(
            "nine in ten within: minutes of opening time that a resident waits in person, each time, until service or"
            " giving up"
        ),
    ),
    "counter_wait_0_10": ("share", "waits under 10 minutes"),
    "counter_wait_10_30": ("share", "waits of 10 to 30 minutes"),
    "counter_wait_30_60": ("share", "waits of 30 to 60 minutes"),
    "counter_wait_60_up": ("share", "waits of an hour and more"),
    "turned_away": ("share", "of a resident's comings in person, those that found the waiting room full"),
    "detection_lag_p50": (
        "working days",
        N_("median from the rise of a latent issue until a patrol or report tells of it"),
    ),
    "issue_time_restricted_mean": (
        "working days",
        N_(
            "mean: working days of office time from the rise of a latent issue to its end, at most "
            "run.turnaround_cap_working_days each: what is not found or not ended counts as many"
        ),
    ),
    "issue_time_p50": ("working days", f"median: {_ISSUE}; what is not found or not ended counts as longest"),
    "found": ("share", N_("latent issues seen or reported before the horizon")),
    "found_by_staff": (
        "share",
        N_("latent issues that a patrol, home visit or field check saw before a report of them got through"),
    ),
    "utilisation": ("share", N_("busy over on-duty time, from the spells")),
    "overtime": ("hours a week", "work past closing, a head"),
    "workload_gini": ("index", "Gini index of the utilisation of persons within a post or level"),
    "hours": ("hours a week", "by kind of work, a head; with travel, meetings, idle and on_duty (roster and meetings)"),
    "task_share": ("share", "work from above in all work of the communities"),
    "patrols_done": ("share", N_("patrols due in the measured weeks of which every leg was done")),
    "visits_done": ("share", N_("home visits due in the measured weeks that were made")),
    "self_government_done": ("share", N_("sittings with residents due in the measured weeks that were held")),
    "vacant": ("share", "working days of the posts of community workers on which nobody is in post"),
    "newcomers": ("share", "of the other days of these posts, those with somebody in the first year there"),
    "exits": ("a year", "community workers who leave, a post"),
    "meets_standard": ("share", "communities' offices with at least the area of the standard"),
    "residents_m2": ("m2", "of the communities' offices, what is the residents', per 1,000 of them"),
    "paper_on_time": (
        "share",
        "pieces of work from above and of own work whose date lies in the measured weeks, done by the end of that day",
    ),
    "target_visits": (
        "a month",
        "home visits that a special-care household was paid; a grid's visits done are shared out as those due are, for "
        "a visit names no household",
    ),
    "hours_per_finished": (
        "hours",
        "staff time on residents' requests (desk, files, field, homes, relays) in the measured weeks over the requests "
        "of these weeks that are finished",
    ),
    "with_residents": (
        "share",
        "of the paid hours: front desk and phone, field checks, residents' homes, home visits and self-government; "
        "rises if staff work slowly",
    ),
    "service_over_administration": (
        "ratio",
        "hours at the front desk, on files, field checks, patrols, visits and self-government over those on work from "
        "above, own work, relays and meetings; rises if staff work slowly",
    ),
    "cost": (
        "million yuan a year",
        "pay, running of the communities' offices, rooms added to them and hours past closing, by the prices of the "
        "group cost",
    ),
    "cost_per_finished": ("yuan", "the same over the requests that are finished a year"),
    "spent_below": ("share", "of the same, the pay and the offices of the communities"),
    "posts_above_90": ("share", "posts whose work that piles up takes more than 0.90 of their time, by arithmetic"),
    "walk": ("minutes", "on foot one way from a household to its community's office or service point, mean"),
    "managers_share": ("share", "full-time grid managers in all heads of the communities"),
    "requests_per_official_day": ("requests", "first contacts over days on duty of the community staff"),
    OPEN_BOUND: (
        "its own",
        "by how much what is still open at the end can move another measure, had the run gone on; the group is the "
        "measure, a bar and its group, and is there where it can, and overall",
    ),
    CONTROL: (
        "share",
        "by how much what chance drew before the simulation exceeds its known mean: arrivals, absence, work, patience",
    ),
}

UNITS = (
    N_("a month"), N_("a year"), N_("hours"), N_("hours a week"), N_("index"), N_("m2"), N_("million yuan a year"),
    N_("minutes"), N_("office hours"), N_("per request"), N_("ratio"), N_("requests"), N_("working days"), N_("yuan"),
)  # fmt: skip
"""Units of measures, but shares, which are shown in per cent."""

WORDS = (
    N_("turnaround mean served"), N_("turnaround p50 served"), N_("turnaround p90 served"), N_("days per hand over"),
    N_("dispatch p50"), N_("touched"), N_("touched in person"), N_("counter wait 0 10"), N_("counter wait 10 30"),
    N_("counter wait 30 60"), N_("counter wait 60 up"), N_("issue time restricted mean"), N_("issue time p50"),
    N_("utilisation"), N_("overtime"), N_("workload gini"), N_("hours"), N_("task share"), N_("paper on time"),
    N_("requests per official day"), N_("control"), N_("open bound"), N_("its own"),
)  # fmt: skip
"""Measures as they are shown for which no report has a label."""

DUTIES = frozenset({"patrols_done", "visits_done", "target_visits", "paper_on_time"})
"""Measures of what a pilot may owe none of: such a measure has no value (NaN), and is *not owed*, not withheld."""

SHARES = frozenset(name for name, (unit, _) in DEFINITIONS.items() if unit == "share") - {"utilisation", CONTROL}
"""Shares of a whole, from 0 to 1; work past closing is no part of the time on duty."""

PRICED = frozenset({"cost", "cost_per_finished", "spent_below"})
"""Measures that no replication keeps: they are reckoned from others and from prices, so that prices need no run."""

BY_STAFFING, BY_PLACE = frozenset({"managers_share"}), frozenset({
    "walk", "posts_above_90", "meets_standard", "residents_m2",
})  # fmt: skip
"""Measures that are known without simulation: of the staff, who are those of the base place, and of each place."""

WORSENING = frozenset({
    "turnaround_restricted_mean", "turnaround_p50", "turnaround_p90", "issue_time_restricted_mean", "issue_time_p50",
    "counter_wait_mean", "counter_wait_p50", "counter_wait_p90", "on_time", "left_unserved", "still_open",
    "patrols_done", "visits_done", "target_visits", "paper_on_time", "self_government_done",
})  # fmt: skip
"""Measures that only get worse the longer staff cannot keep up, as what they are late with piles up."""

ONLY_WHERE_OBSERVED = frozenset({
    "days_per_hand_over", "self_government_done", "vacant", "newcomers", "exits", "turned_away", "meets_standard",
    "residents_m2",
})  # fmt: skip
"""Measures that a replication has only where there is something to measure; all others it always has."""

RESIDENTS = (
    "all", "channel:counter", "channel:phone", "channel:latent", "route:community", "route:street", "route:district",
    "special_care:yes", "special_care:no", "distance:near", "distance:middle", "distance:far", "heads:few",
    "heads:middle", "heads:many",
)  # fmt: skip
"""Groups of the definition of every measure of residents."""

_WORK = (
    "front desk", "files", "field checks", "relaying files", "patrols", "home visits", "work from above", "own work",
    "residents' homes", "travel", "meetings", "work from above, away", "idle", "on_duty",
)  # fmt: skip
_COMMUNITY, _USE = ("level:community",), ("all", "level:community")
GROUPS = {
    **dict.fromkeys(
        ("utilisation", "overtime", "workload_gini", "task_share", "requests_per_official_day"), _COMMUNITY
    ),
    **dict.fromkeys(("with_residents", "service_over_administration", "posts_above_90"), _USE),
    **dict.fromkeys(
        (
            "patrols_done",
            "visits_done",
            "target_visits",
            "hours_per_finished",
            "walk",
            "managers_share",
            "self_government_done",
            "vacant",
            "newcomers",
            "exits",
            "meets_standard",
            "residents_m2",
            *PRICED,
        ),
        ("all",),
    ),
    "hours": tuple(f"level:community|kind:{work}" for work in _WORK),
    "paper_on_time": ("all", "level:community", "level:street", "level:district"),
    OPEN_BOUND: tuple(
        f"{measure}|all"
        for measure in ("trips", "resident_time", "hand_overs", "wrong_desks", "issue_time_restricted_mean")
    ),
    CONTROL: ("absence:community",),
}
"""Groups of the definition of every other measure: those that a replication has whatever the design, with NaN where
there is nothing to measure. Other levels, posts and places are the design's."""


def lacking(held: Iterable[tuple[str, str]]) -> list[str]:
    """Return the measures and groups that a replication lacks: an earlier program kept it.

    Parameters
    ----------
    held
        Measure and group of each of its rows.
    """
    known = set(held)
    always = DEFINITIONS.keys() - ONLY_WHERE_OBSERVED - PRICED
    measures = always - {measure for measure, _ in known}
    groups = {
        f"group {group}"
        for measure in always - measures
        for group in GROUPS.get(measure, RESIDENTS)
        if (measure, group) not in known
    }
    return [*sorted(measures), *sorted(groups)]
