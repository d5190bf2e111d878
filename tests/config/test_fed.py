"""Bad inputs from the schemas end in a sentence each, at the shared check and at every command."""

import random
import time
import warnings
from collections import Counter

import pytest
import yaml
from setups.commands import wangge
from setups.district import CONFIGS, mapping
from setups.feeding import GROUPS, SCALARS, WORDS, bad_inputs, product_of_legal_sizes, shown_well

from experiments import main
from experiments.commands import compare, staff, trace, validate
from sim import config
from sim.bench import plan as bench
from sim.config import study_schema
from sim.config.checking import checked
from sim.config.compose import Line, compose, options
from sim.district.engines import Compiled
from sim.district.size import check_size
from sim.errors import ConfigError, shown
from sim.executor.settings import Dask
from sim.queueing import sample
from sim.queueing.schema import QueueNetwork

SETTINGS = {
    "compare": compare.Comparison, "trace": trace.Trace, "staff": staff.Staff, "validate": validate.Validate,
    "bench": bench.Bench,
}  # fmt: skip


def load_pilot(plain):
    check_size(config.load(plain))


def files_of(group):
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((CONFIGS / group).glob("*.yaml"))]


def sources(kind):
    """Yield configs of a kind, each with its schema and what checks it."""
    if kind == "pilot":
        for name in ("four_level", "three_level_generalist"):
            yield mapping(name), config.Pilot, load_pilot
    elif kind == "study":
        for plain in files_of("study"):
            yield plain, study_schema.Study, study_schema.load
    elif kind == "network":
        for plain in files_of("network"):
            yield plain.get("network", plain), QueueNetwork, sample.load
    else:
        for name, schema in SETTINGS.items():
            yield compose(name, Line(())), schema, lambda plain, schema=schema: checked(schema, plain)
        for settings in (Compiled(), Dask(kind="dask")):
            schema = type(settings)
            yield settings.model_dump(), schema, lambda plain, schema=schema: checked(schema, plain, "executor")


@pytest.mark.parametrize("share", [0.002, 0.03], ids=["few", "many"])
@pytest.mark.parametrize("kind", ["pilot", "study", "network", "settings"])
def test_bad_inputs_from_a_schema_are_refused_in_a_sentence_that_names_them(kind, share):
    drawn, counts = random.Random(kind), Counter()
    for plain, schema, load in sources(kind):
        for place, value, make in bad_inputs(plain, schema):
            if drawn.random() >= share:
                continue
            said, began = "", time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    load(make())
                except ConfigError as error:
                    said = str(error)
            what = f"{shown(value)} at {place}: {said:.300}"
            assert time.process_time() - began < 5, what
            assert not said or shown_well(said), what
            elsewhere = (
                "fits into the memory" in said or "must be the name of a" in said
            )  # by what it makes large, or lacks
            assert not said or not place or str(place[0])[:40] in said or elsewhere, what
            counts["refused" if said else "taken"] += 1
    print(f"{counts['refused']} of {counts.total()} bad inputs of a {kind} refused, each in a sentence")  # noqa: T201
    assert counts["refused"] > counts["taken"]


@pytest.mark.parametrize("n", [3, 40])
def test_files_of_legal_sizes_that_multiply_are_refused_at_once_or_composed(tmp_path, n):
    drawn, counts = random.Random(n), Counter()
    for i in range(n):
        folder = tmp_path / str(i)
        files = product_of_legal_sizes(drawn)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        began, said = time.process_time(), ""
        try:
            compose("main", Line((), folder), "pilot=mine")
        except ConfigError as error:
            said = str(error)
        seconds, what = time.process_time() - began, f"{len(files)} files: {said:.300}"
        assert not said or shown_well(said), what
        assert seconds < (4 if said else 15), what
        counts["refused" if said else "taken"] += 1
    print(f"{counts['refused']} of {n} products refused, each in a sentence")  # noqa: T201
    assert counts["refused"]


COMMANDS = {
    "compare": ("--cfg", "job"), "run": ("--cfg", "job"), "run network=mmc": ("--cfg", "job"),
    "run -m": ("--cfg", "job"),
    "sweep study=staffing": ("--cfg", "job"), "trace": ("--cfg", "job"), "staff": ("--cfg", "job"),
    "headlines": ("--cfg", "job"), "explain": ("--cfg", "job"), "knobs": ("--cfg", "job"),
    "validate": ("--cfg", "job"), "bench": ("--cfg", "job"),
    "plot": (), "show": (), "status": (), "clean": (), "new": (),
}  # fmt: skip


def test_every_command_is_fed():
    assert {command.split()[0] for command in COMMANDS} == set(main.COMMANDS)


@pytest.mark.parametrize("n", [2, 100])
@pytest.mark.parametrize("command", COMMANDS)
def test_bad_words_after_a_command_are_refused_in_a_paragraph_or_only_shown(tmp_path, command, n):
    counts = Counter()
    for word in random.Random(command).sample(WORDS, n):
        done = wangge(tmp_path, *command.split(), word, *COMMANDS[command])
        counts[done.returncode] += 1
        what = f"{word!r:.60}: {done.stderr:.300}"
        assert done.returncode in (0, 2), what
        if done.returncode == 2:
            assert done.stderr.startswith("wangge: "), what
            assert done.stderr.count("\n") == 1, what
            assert shown_well(done.stderr[:-1]), what
    print(f"{counts[2]} of {n} bad words after {command} refused, each in a paragraph")  # noqa: T201
    assert counts[2] > n / 4
    assert not list(tmp_path.glob("results/*/manifest.json"))  # `new results` makes a folder of configs


@pytest.mark.parametrize("value", SCALARS)
def test_what_is_no_name_of_a_file_is_told_by_the_group_and_as_it_was_typed(value):
    group = random.Random(value).choice(GROUPS)
    with pytest.raises(ConfigError) as caught:
        compose("main", Line((f"{group}={value}",)), "pilot=four_level")
    got = value if len(value) <= 60 else f"{value[:60]}..."
    assert str(caught.value) == f"{group} must be one of {', '.join(options(group, CONFIGS))}, got {got or 'nothing'}"
