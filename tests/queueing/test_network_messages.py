import pytest
from setups.small_network import changed

from sim.errors import ConfigError
from sim.queueing import sample
from sim.queueing.schema import known_keys


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({"stations__desk__room": -1}, "stations.desk.room must be at least 0, got -1"),
        ({"stations__desk__rom": 3}, "stations.desk.rom is not a known key (did you mean room"),
        ({"horizon": ...}, "horizon must be given, got nothing"),
        ({"horizon": "long"}, "horizon must be a number, got long"),
        ({"horizon": float("inf")}, "horizon must be a finite number, got inf"),
        ({"warm_up": 60, "drain": 40}, "horizon must be above warm_up and drain (100), got 100"),
        (
            {"time_unit": "month"},
            "time_unit must be one of 'second', 'minute', 'hour', 'day' or 'week'",
        ),
        ({"classes": {}}, "classes must be of a length of at least 1"),
        ({"servers__clerk__number": 1.5}, "servers.clerk.number must be a whole number, got 1.5"),
        ({"servers__clerk__longest": 1}, "servers.clerk.longest must be true or false, got 1"),
        ({"servers__clerk": 3}, "servers.clerk must be a mapping, got 3"),
        ({"servers__clerk__serves": ...}, "servers.clerk.serves must be given, got nothing"),
        (
            {"servers__clerk__serves": ["dsk"]},
            "servers.clerk.serves must be the name of a station (did you mean desk?), got dsk",
        ),
        (
            {"servers__clerk__serves": "everything"},
            "servers.clerk.serves must be the name of a duty or station of desk, back, got everything",
        ),
        (
            {"servers__officer": ...},
            "stations.back must be served by somebody in servers, got nobody",
        ),
        (
            {"servers__officer__number": 0},
            "stations.back must be served by somebody in servers, got nobody",
        ),
        (
            {"stations__desk__hall": "lobby"},
            "stations.desk.hall must be the name of a hall, got lobby",
        ),
        (
            {"stations__desk": {"hall": "lobby", "room": 3}},
            "stations.desk.room must be left out where there is a hall, got 3",
        ),
        (
            {"sites": ["office"], "stations__desk__site": "offce"},
            "stations.desk.site must be the name of a site (did you mean office?), got offce",
        ),
        (
            {"duties__a": {"lines": ["dsk"]}},
            "duties.a.lines must be the name of a station (did you mean desk",
        ),
        (
            {"duties__a": {"lines": ["desk"]}, "servers__clerk": {"serves": "a", "longest": True}},
            "servers.clerk.longest must be in the duty where one is named, got true",
        ),
        (
            {"servers__clerk__serves": {"desk": {"pace": 0}}},
            "servers.clerk.serves.desk.pace must be at least 0.001, got 0",
        ),
        (
            {"servers__clerk__roster": "nights"},
            "servers.clerk.roster must be the name of a roster, got nights",
        ),
        (
            {"servers__clerk": {"roster": [{"hours": "open"}]}},
            "servers.clerk.serves must be given where shift 0 of its roster has no duty, got nothing",
        ),
        (
            {"servers__clerk__roster": [{"hours": "open"}], "servers__clerk__hours": "open"},
            "servers.clerk.hours must be in the shifts where there is a roster",
        ),
        (
            {
                "servers__clerk__roster": [
                    {"hours": {"intervals": [[0, 8]]}},
                    {"hours": {"intervals": [[7, 9]]}},
                ]
            },
            "servers.clerk.roster must not overlap, got 0 to 8 and 7 to 9",
        ),
        (
            {"servers__clerk__hours": "opne"},
            "servers.clerk.hours must be the name of a calendar (did you mean open?), got opne",
        ),
        (
            {"servers__clerk__hours": {"intervals": [[17, 9]]}},
            "servers.clerk.hours.intervals.0 must close after it opens, got 17 to 9",
        ),
        (
            {"servers__clerk__hours": {"intervals": [[17]]}},
            "servers.clerk.hours.intervals.0 must be a pair of opening and closing, got 1 entries",
        ),
        (
            {"servers__clerk__hours": {"intervals": [[0, 5], [4, 6]]}},
            "servers.clerk.hours must not overlap, got 0 to 5 and 4 to 6",
        ),
        (
            {"servers__clerk__hours": {"intervals": [[0, 9]], "every": 8}},
            "servers.clerk.hours.every must be at least the last time in the period (9), got 8",
        ),
        (
            {"servers__clerk__hours": {"weekly": {"mon": ["09:00-12:00"]}, "every": 8}},
            "servers.clerk.hours.every must be left out of weekly hours, got 8",
        ),
        (
            {"servers__clerk__hours": {}},
            "servers.clerk.hours must have exactly one of calendar, weekly, intervals, instants, alternating",
        ),
        (
            {
                "servers__clerk__hours": {
                    "alternating": {
                        "open": {"law": "deterministic", "value": 0},
                        "shut": {"law": "exponential", "mean": 1},
                    }
                }
            },
            "servers.clerk.hours.alternating.open must have a mean above 0, got 0",
        ),
        (
            {"calendars__open__weekly": {"mon-fri": ["17:00-09:00"]}},
            "calendars.open.weekly.mon-fri.0 must close after it opens, got 17:00-09:00",
        ),
        (
            {"calendars__open__weekly": {"mon-fri": [1020]}},
            "calendars.open.weekly.mon-fri.0 must be HH:MM in quotes (YAML reads 17:00 as a number)",
        ),
        (
            {"calendars__open__weekly": {"mon-fri": [[9, 17]]}},
            "calendars.open.weekly.mon-fri.0 must be HH:MM or HH:MM-HH:MM, got [9, 17]",
        ),
        (
            {"calendars__open__weekly": {"mon-fri": ["9 o'clock"]}},
            "calendars.open.weekly.mon-fri.0 must be HH:MM or HH:MM-HH:MM, got 9 o'clock",
        ),
        (
            {"calendars__open__weekly": {"mon-fri": ["09:00-25:00"]}},
            "calendars.open.weekly.mon-fri.0 must be a time from 00:00 to 24:00, got 25:00",
        ),
        (
            {"calendars__open__weekly": {"monday": ["09:00"]}},
            "calendars.open.weekly.monday must be days such as mon, mon-fri or mon,wed, got monday",
        ),
        (
            {"calendars__open__weekly": {"fri-mon": ["09:00"]}},
            "calendars.open.weekly.fri-mon must be days from Monday to Sunday in order, got fri-mon",
        ),
        (
            {"calendars__also": {"calendar": "open"}},
            "calendars.also must be hours of its own, got the calendar",
        ),
        (
            {"classes__customer__arrivals": ...},
            "classes.customer.arrivals must be given, got nothing",
        ),
        (
            {"classes__customer__arrivals": {}},
            "classes.customer.arrivals must have exactly one of law, rate, profile, sinusoid, times, got none",
        ),
        (
            {"classes__customer__arrivals": {"sinusoid": {"mean": 2, "amplitude": 3, "period": 24}}},
            "classes.customer.arrivals.sinusoid.amplitude must be at most the mean (2), got 3",
        ),
        (
            {"classes__customer__arrivals": {"law": "exponential", "mean": -3}},
            "classes.customer.arrivals.mean must be at least 1e-09, got -3",
        ),
        (
            {"classes__customer__arrivals": {"law": "exponentail", "mean": 3}},
            "classes.customer.arrivals.law must be the name of a law (did you mean exponential",
        ),
        (
            {"classes__customer__arrivals": {"law": "deterministic", "value": 0}},
            "classes.customer.arrivals.law must have a mean above 0, got 0",
        ),
        (
            {"classes__customer__arrivals": {"law": "exponential", "mean": 3, "day_factor_cv": 0.2}},
            "classes.customer.arrivals.day_factor_cv must be left out without a rate, got 0.2",
        ),
        (
            {"classes__customer__arrivals": {"times": [3, 2]}},
            "classes.customer.arrivals.times must not fall, got 2 after 3",
        ),
        (
            {"classes__customer__arrivals": {"times": [3], "hours": "open"}},
            "classes.customer.arrivals.hours must be left out where times are given",
        ),
        (
            {"classes__customer__arrivals": {"profile": [[0, 5]]}},
            "classes.customer.arrivals.profile.0.0 must be at least 1e-09, got 0",
        ),
        (
            {
                "classes__customer__arrivals": {"times": [1, 2]},
                "classes__customer__route__0__service": [1, 2, 3],
            },
            "classes.customer.route.0.service must be as many as the times (2), got 3",
        ),
        (
            {"classes__customer__route": []},
            "classes.customer.route must be of a length of at least 1, got []",
        ),
        (
            {"classes__customer__route__0__station": "dek"},
            "classes.customer.route.0.station must be the name of a station (did you mean desk?), got dek",
        ),
        (
            {"classes__customer__route__0__service": -1},
            "classes.customer.route.0.service must be at least 0, got -1",
        ),
        (
            {"classes__customer__route__0__station": "nowhere"},
            "classes.customer.route.0.station must be the name of a station of desk, back, got nowhere",
        ),
        (
            {"classes__customer__route__0__service": {"law": "exponential", "mean": -1}},
            "classes.customer.route.0.service.mean must be at least 1e-09, got -1",
        ),
        (
            {"classes__customer__route__0__patience": {"law": "lognormal", "mean": -2, "cv": 1}},
            "classes.customer.route.0.patience.mean must be at least 1e-09, got -2",
        ),
        (
            {"classes__customer__arrivals": {"rate": -1}},
            "classes.customer.arrivals.rate must be at least 0, got -1",
        ),
        (
            {"classes__customer__arrivals": None},
            "classes.customer.arrivals must be a mapping, got nothing",
        ),
        (
            {"classes__customer__route__0__patience": 1, "classes__customer__route__0__leave": "desk"},
            "classes.customer.route.0 must come to an end with some probability (or the class have rounds)",
        ),
        (
            {"classes__customer__route__0__service": {"mean": 1}},
            "classes.customer.route.0.service.law must be given, got nothing",
        ),
        (
            {"classes__customer__route__0__service": [1, "two"]},
            "classes.customer.route.0.service.1 must be a number, got two",
        ),
        (
            {"classes__customer__route__0__service": ...},
            "classes.customer.route.0.service must be given where there is a station, got nothing",
        ),
        (
            {"classes__customer__route__0__station": ...},
            "classes.customer.route.0.station must be given where there is a service, got nothing",
        ),
        (
            {"classes__customer__route__0__next": {"back": 0.5, "end": 0.4}},
            "classes.customer.route.0.next must sum to 1, got 0.9",
        ),
        (
            {"classes__customer__route__0__next": "bakc"},
            "classes.customer.route.0.next must be the name of a step (did you mean back?), got bakc",
        ),
        (
            {"classes__customer__route__0__leave": "back"},
            "classes.customer.route.0.leave must be left out without patience, shuts or a room, got one",
        ),
        (
            {"classes__customer__route__1__name": "desk"},
            "classes.customer.route.1.name must differ from the other steps' and from end, got desk",
        ),
        (
            {"classes__customer__route__1__yields_to": 1},
            "classes.customer.route.1.yields_to must be at most its priority (0), got 1",
        ),
        (
            {"classes__customer__route__1__next": "desk"},
            "classes.customer.route.0 must come to an end with some probability (or the class have rounds)",
        ),
        (
            {"classes__customer__route__0__gate": "opne"},
            "classes.customer.route.0.gate must be the name of a calendar (did you mean open?), got opne",
        ),
        (
            {"classes__customer__route__0__lag_clock": "open"},
            "classes.customer.route.0.lag_clock must be left out without lag, got one",
        ),
        (
            {"classes__customer__route__0": {"lag": 1, "patience": 1}},
            "classes.customer.route.0.patience must be left out of a step that never waits, got one",
        ),
        (
            {"classes__customer__route__0": {"awaits": "go", "emits": "gone"}},
            "classes.customer.route.0.awaits must be left out of a step with a station or a signal, got go",
        ),
        (
            {
                "classes__customer__route__0": {"awaits": "patroled"},
                "classes__customer__route__1__emits": "patrolled",
            },
            "classes.customer.route.0.awaits must be a signal that a step emits (did you mean patrolled?)",
        ),
    ],
)
def test_a_mistake_is_told_by_path_rule_and_value(paths, message):
    with pytest.raises(ConfigError) as caught:
        sample.load(changed(**paths))
    assert f"network.{message}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_mapping_is_refused():
    with pytest.raises(ConfigError, match="network must be a mapping, got nothing"):
        sample.load(None)


def test_many_mistakes_are_counted():
    bad = {f"stations__s{i}__room": -1 for i in range(5)}
    with pytest.raises(ConfigError, match=r"; and 2 more$"):
        sample.load(changed(**bad))


def test_a_list_with_a_wrong_entry_is_not_called_too_short_as_well():
    with pytest.raises(ConfigError) as caught:
        sample.load(changed(classes__customer__route=[{"station": "desk", "service": -1}]))
    assert str(caught.value) == "network.classes.customer.route.0.service must be at least 0, got -1"


def test_a_route_with_endless_bad_luck_is_refused_when_it_is_drawn():
    unlucky = sample.load(changed(classes__customer__route__1__next={"desk": 0.9999, "end": 0.0001}))
    with pytest.raises(ConfigError, match="rounds must be given where requests go round 1000 times"):
        sample.sample(unlucky, 1, 0)


def test_the_schema_does_not_offer_its_own_spellings():
    assert "shares" not in known_keys()
    assert "past_closing" in known_keys()
