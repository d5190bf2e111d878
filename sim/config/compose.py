"""From the command line to plain configs: Hydra composes, the schema checks, nothing runs code."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config.defaults import defaults_message
from sim.config.digits import MOST_DIGITS, MOST_SHOWN, too_many_digits
from sim.config.grammar import added_again, check_decimals, check_plain, in_grammar, quoted, several, taken_away
from sim.config.reading import SHIPPED, check_resolved, is_folder, no_reference, no_yaml, read_bytes, read_yaml
from sim.config.replaced import replacement
from sim.errors import ConfigError, choices, near
from sim.language import either, gettext, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


CONFIGS = SHIPPED

EVIDENCE = "evidence.yaml"  # rows for people, studies and tests; never composed
FACE = "face.yaml"  # figures measured elsewhere, of one district; never composed
BESIDE = (EVIDENCE, FACE)
"""Files that a folder of one's own may hold under the shipped names."""


PATH = re.compile(r"(\+\+?)?[\w$./@:-]+")
"""What stands before the = of an override: a knob or a group by its path, with Hydra's signs."""


SEVERAL = re.compile(r"Ambiguous value for argument '|Sweep parameters '")
"""How Hydra begins to say that a knob was given several values."""

HYDRAS_OWN = ("now", "hydra", "python_version")
"""Resolvers that Hydra registers: of the clock, of itself, of Python."""

MOST_LETTERS = 200  # of a key: the system takes no longer name of a file

FLAGS = ("--help", "--version", "--cfg", "--config-dir", "--resolve", "--multirun", "--dry-run")
"""Those that commands know."""

BACKEND_KEYS = ("engine", "executor", "workers")


@dataclass(frozen=True)
class Line:
    """A parsed command line: Hydra overrides and the few flags, with the keys of the command, for suggestions."""

    overrides: tuple[str, ...]
    config_dir: Path | None = None
    show: bool = False
    own: tuple[str, ...] = ()

    def take(self, *keys: str) -> tuple[Line, Line]:
        """Return the line with the overrides of these keys and of what lies below them, and the line without."""
        mine = tuple(o for o in self.overrides if re.split("[.=]", o.lstrip("+"), maxsplit=1)[0] in keys)
        rest = tuple(o for o in self.overrides if o not in mine)
        own = (*self.own, *keys)
        return replace(self, overrides=mine, own=own), replace(self, overrides=rest, own=own)


def parse(arguments: Sequence[str]) -> Line:
    """Return the parsed arguments of a command.

    Raises
    ------
    ConfigError
        For an argument that is neither an override nor a flag.
    """
    overrides: list[str] = []
    config_dir: Path | None = None
    show = resolve = False
    queue = list(arguments)
    while queue:
        argument = queue.pop(0)
        if argument in ("--cfg", "-c"):
            if not queue or queue.pop(0) != "job":
                raise ConfigError("--cfg must be followed by job")
            show = True
        elif argument == "--resolve":
            resolve = True
        elif argument in ("--config-dir", "-cd") or argument.startswith("--config-dir="):
            config_dir = own_folder(argument.partition("=")[2] or (queue.pop(0) if queue else ""))
        elif argument == "--dry-run":
            raise ConfigError(
                "--dry-run must be left out here, because only wangge sweep has it (--cfg job shows the config of any "
                "other command without a run), got --dry-run"
            )
        elif argument.startswith("~"):
            raise taken_away(argument)
        elif argument.startswith(("-", "=")) or "=" not in argument:
            raise ConfigError(
                f"arguments must be key=value or a flag of --help{near(argument, FLAGS, cutoff=0.6)}, got {argument}"
            )
        else:
            overrides.append(argument)
    if resolve and not show:
        raise ConfigError("--resolve must come with --cfg job, which shows a config, got --resolve alone")
    return Line(tuple(overrides), config_dir, show)


def parsed(overrides: Sequence[str]) -> list[Any]:
    """Return overrides as Hydra's objects.

    Raises
    ------
    ConfigError
        They must be in Hydra's grammar.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import OverrideParseException

    try:
        each: list[Any] = OverridesParser.create().parse_overrides(list(map(in_grammar, overrides)))
    except OverrideParseException as error:
        raise _not_parsed(str(error.override)) from error
    except ValueError as error:
        raise _not_composed(overrides, error) from error
    check_plain(each)
    check_decimals(overrides)
    return each


def values(line: Line) -> dict[str, Any]:
    """Return the values that a command line gives to the settings of a command, read as Hydra reads them.

    Raises
    ------
    ConfigError
        They must be in Hydra's grammar.
    """
    each = parsed(line.overrides)
    swept = next((one for one in each if one.is_sweep_override()), None)
    if swept is not None:
        raise several(str(swept.input_line))
    return {one.key_or_group: one.value() for one in each}


def own_folder(value: str, argument: str = "--config-dir") -> Path:
    """Return a folder of the user's own configs, given by an argument, checked to hold some that are read.

    Raises
    ------
    ConfigError
        It must exist and hold a file of a group, and none with the name of a shipped one and another content: Hydra
        would read the shipped one in silence.
    """
    folder = Path(os.path.realpath(value.replace("\0", "")))
    if not value or not is_folder(folder):
        raise ConfigError(f"{argument} must be a folder that exists, got {value or 'nothing'}")
    if not any(options(group.name, folder) for group in CONFIGS.iterdir() if group.is_dir()):
        raise ConfigError(
            f"{argument} must hold a folder like those of configs/ with a YAML file in it, as pilot/my_design.yaml, "
            f"got {value}"
        )
    for shipped in sorted(CONFIGS.rglob("*.yaml")):
        name = shipped.relative_to(CONFIGS)
        mine = folder / name
        same = shipped.read_bytes()
        if name.name not in BESIDE and os.path.lexists(mine) and _other(mine, name.as_posix(), folder, same):
            raise ConfigError(
                f"{argument} must not contain a file with the name of a shipped one (Hydra would read the shipped "
                f"one), got {name.as_posix()}"
            )
    return folder


def _other(file: Path, name: str, folder: Path, shipped: bytes) -> bool:
    """Return whether a file of the user's own is another one than the shipped one of its name."""
    try:
        return read_bytes(file, name, within=folder) != shipped
    except ConfigError:  # too large, or no file
        return True


def check_option(group: str, name: str, *folders: Path | None) -> str:
    """Return the name of a file of a group, as it was typed.

    Raises
    ------
    ConfigError
        It must be there.
    """
    known = options(group, CONFIGS, *folders)
    if name in known:
        return name
    if new := replacement(f"{group}/{name}"):
        raise ConfigError(f"{group}={name} is now {new}")
    raise ConfigError(f"{group} must be one of {choices(known, name)}{near(name, known)}, got {name or 'nothing'}")


def shipped(name: str) -> bool:
    """Return whether a config of this path (group/file.yaml) is shipped; user files may not reuse the name."""
    return name not in BESIDE and (CONFIGS / name).is_file()


@cache
def shipped_districts() -> tuple[Mapping[str, Any], ...]:
    """Return the districts that ship, as their files say them: the evidence is theirs."""
    return tuple(read_yaml(file) for file in sorted((CONFIGS / "district").glob("*.yaml")))


def assumptions(district: str) -> str:
    """Return a sentence on where the inputs of a district come from, for what is shown of it.

    The shipped evidence is of the shipped district: for another one, what is not counted there is taken from it.
    """
    shipped = tuple(str(one["name"]) for one in shipped_districts())
    if district in shipped:
        return gettext("Many inputs are assumptions: configs/{file}.", file=EVIDENCE)
    return gettext(
        "Many inputs are assumptions; what this district does not set is {districts}'s.",
        districts=either(map(phrase, shipped)),
    )


def default_option(group: str) -> str:
    """Return which file of a group a design has where none is named, as `configs/main.yaml` says."""
    return next(str(one[group]) for one in read_yaml(CONFIGS / "main.yaml")["defaults"] if group in one)


def shipped_pilots() -> list[str]:
    """Return the names of all pilots that ship, the default one first."""
    first = default_option("pilot")
    return [first, *(name for name in options("pilot", CONFIGS) if name != first)]


def options(group: str, *folders: Path | None) -> list[str]:
    """Return the names of the files of a group in all of the folders."""
    return sorted({path.stem for folder in folders if folder for path in (folder / group).glob("*.yaml")})


@contextmanager
def hydra_ready() -> Iterator[None]:
    """Let Hydra find the shipped configs; a program that calls us finds its own Hydra as it was.

    Nothing that is composed here reads the environment, the clock or the program: it may be a stranger's.
    """
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.utils import setup_globals
    from omegaconf import OmegaConf
    from omegaconf.resolvers import oc

    outer = GlobalHydra.instance().hydra
    hydras_own = any(OmegaConf.has_resolver(name) for name in HYDRAS_OWN)
    reads_environment = OmegaConf.clear_resolver("oc.env")
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONFIGS), version_base="1.3"):
            for name in HYDRAS_OWN:
                OmegaConf.clear_resolver(name)
            yield
    finally:
        GlobalHydra.instance().hydra = outer  # leaving the context has made another instance
        if hydras_own:
            setup_globals()
        if reads_environment:
            OmegaConf.register_new_resolver("oc.env", oc.env)


def compose(name: str, line: Line, *fixed: str) -> dict[str, Any]:
    """Return a composed config as plain data.

    Parameters
    ----------
    name : str
        The top-level config.
    line : Line
        What the user typed.
    *fixed : str
        Overrides that come before the user's.

    Raises
    ------
    ConfigError
        In one paragraph: an override of an unknown key or group, a file that is missing or not YAML.
    """
    from hydra import compose as hydra_compose
    from hydra.errors import HydraException, OverrideParseException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    _check_inside([*fixed, *line.overrides], line.config_dir)
    check_decimals(line.overrides)
    try:
        with hydra_ready():
            composed = hydra_compose(name, overrides=hydra_overrides(line, *fixed))
            plain = OmegaConf.to_container(composed, resolve=False)
            if check_resolved(plain):
                plain = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except ConfigError:
        raise
    except OverrideParseException as error:
        raise _not_parsed(str(error.override)) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_paragraph(name, error, line)) from error
    except YAMLError as error:
        raise no_yaml("config files", error) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"config files must be text in UTF-8: {error}") from error
    except (ValueError, TypeError) as error:  # of a member of a list that is no number
        raise _not_composed([*fixed, *line.overrides], error) from error
    except RecursionError as error:
        raise ConfigError("the defaults of a config file must not include the file itself, got a circle") from error
    assert isinstance(plain, dict)
    if name == "main" and "pilot" in plain:
        chosen = next(one.removeprefix("pilot=") for one in (*line.overrides, *fixed) if one.startswith("pilot="))
        raise ConfigError(f"pilot/{chosen}.yaml must begin with the line # @package _global_, got one without it")
    return {str(key): value for key, value in plain.items()}


def _check_inside(overrides: Sequence[str], config_dir: Path | None) -> None:
    """Raise if an override would read a file outside the folders of configs: a study may be a stranger's.

    Raises
    ------
    ConfigError
        Groups and their files must be named plainly.
    """
    for override in overrides:
        if override.startswith("~"):
            raise taken_away(override)
        key, _, value = override.lstrip("+").partition("=")
        if re.match(r"hydra\b", key):
            raise ConfigError(f"{key} must be left out, as it changes nothing here, got {value}")
        if len(key) > MOST_LETTERS:
            raise ConfigError(f"{key[:40]}... is not a known key, got {value}")
        group = key.partition("@")[0].strip("/")
        folders = [folder for folder in (CONFIGS, config_dir) if folder is not None]
        chooses = "/" in group or any(is_folder(folder / group) for folder in folders if group)
        if chooses and (known := options(group, *folders)) and not _names(override):
            got = value if len(value) <= MOST_SHOWN else f"{value[:MOST_SHOWN]}..."
            raise ConfigError(f"{group} must be one of {choices(known, value)}, got {got}")
        if ".." in key or "//" in key or (chooses and re.search(r"\.\.|//|\$\{", value)):
            raise ConfigError(f"{group or key} must be the name of a file of configs, got {value}")
        if chooses and "@" in key:  # files that are included many times could be made large ones
            raise ConfigError(f"{key} must be a group without a place (@), which only files may give, got {value}")
        if "(" in value:
            parsed([override])


def _names(override: str) -> bool:
    """Return whether the value of an override is a text, or several values, which is told elsewhere."""
    try:
        (one,) = parsed([override])
    except ConfigError:
        return False
    return bool(one.is_sweep_override() or (isinstance(one.value(), str) and one.value().strip()))


def _not_parsed(override: str) -> ConfigError:
    """Return the error for an override that Hydra's grammar does not take."""
    key, _, value = override.lstrip("+").partition("=")
    if not PATH.fullmatch(key):
        return ConfigError(f"overrides must be path=value, got {override}")
    return ConfigError(
        f"{key} must be given a value whose brackets and quotes are in pairs (a text with special characters between "
        f"quotes of its own: \"{key}='...'\"), got {value}"
    )


def _not_composed(overrides: Sequence[str], error: Exception) -> ConfigError:
    """Return the error for overrides that Python does not take: mostly a very long number."""
    long = next((one for one in overrides if re.search(rf"\d{{{MOST_DIGITS}}}", one)), None)
    if long is None:
        typed = " ".join(overrides) or "configs"
        return ConfigError(f"{typed} must be such that a config can be composed: {' '.join(str(error).split())}")
    key, _, value = long.partition("=")
    return too_many_digits(key, f"{value[:MOST_SHOWN]}...")


def hydra_overrides(line: Line, *fixed: str) -> list[str]:
    """Return all overrides of a composition: where Hydra finds the user's own folder, what is fixed, what was typed."""
    search = [_search(line.config_dir)] if line.config_dir else []
    return [*search, *map(in_grammar, (*fixed, *line.overrides))]


def _search(folder: Path) -> str:
    """Return the override by which Hydra finds a folder, whatever characters are in its path."""
    from sim.config.own_source import register

    register()
    return f"hydra.searchpath=[{quoted(f'own://{folder}')}]"


def _paragraph(name: str, error: Exception, line: Line) -> str:
    """Return Hydra's error as one paragraph, with the nearest known keys."""
    text = " ".join(str(error).split()) or type(error).__name__
    missing = re.search(r"(?:In '([^']+)': )?Could not (?:find|load) '([^']+)/([^'/]+)'", text)
    wanted = f"{missing[2]}/{missing[3]}" if missing else text
    for override in line.overrides:
        key, _, value = override.lstrip("+").partition("=")
        merged = text.startswith(f"Error merging override {override}")
        if there := added_again(override, text):
            return there
        if f"'{key}'" in text or f"{key}/{value}" in wanted or merged:
            return _not_taken(name, key, value, line)
    if not missing:
        return _composed_not(name, text, line)
    file, group, value = missing.groups()
    names = options(group, CONFIGS, line.config_dir)
    if new := replacement(f"{group}/{value}"):
        return f"{group}={value} is now {new}"
    where = f"{file}.yaml: " if file and file != name else ""
    if not names:
        return f"{where}defaults must name files of configs, got {group.strip()}/{value}"
    return f"{where}{group} must be one of {choices(names, value)}{near(value, names)}, got {value}"


def _not_taken(name: str, key: str, value: str, line: Line) -> str:
    """Return what is wrong with an override that Hydra does not take."""
    if new := replacement(f"{key}/{value}") or replacement(key):
        return f"{key} must be replaced by {new}, got {value}" if "." in key else f"{key}={value} is now {new}"
    if names := options(key, CONFIGS, line.config_dir):
        return f"{key} must be one of {choices(names, value)}{near(value, names)}, got {value}"
    groups = tuple(o for o in line.overrides if is_folder(CONFIGS / o.partition("=")[0]))
    there = _known(name, Line(groups, line.config_dir))
    if key in there:
        return f"{key} must be {_form(there[key])}, got {value}"
    hint = near(key, line.own, cutoff=0.75) or near(key, [*line.own, *there])
    return f"{key} is not a known key{hint}, got {value}"


def _composed_not(name: str, text: str, line: Line) -> str:
    """Return Hydra's words as a sentence, where no group or key is unknown."""
    given = next((o for o in line.overrides if o in text), None)
    if given is not None and SEVERAL.match(text):
        return str(several(given))
    message, _, full_key = text.partition(" full_key: ")
    message = message.split(" To append")[0]
    if "nterpolation" in message:
        key = full_key.split(" ")[0] or name
        typed = next((o.partition("=")[2] for o in line.overrides if o.lstrip("+").partition("=")[0] == key), "another")
        return str(no_reference(key, typed))
    message = message.split(" Config search path")[0]
    if given is None and (sentence := defaults_message(message)):
        return sentence
    source = re.search(r"defined in (\S+)", message)
    typed = ", ".join(line.overrides) or ("defaults" if line.config_dir else name)
    where = given or (f"{source[1]}.yaml" if source else typed)
    return f"{where} must be such that a config can be composed: {message}"


def _form(value: Any) -> str:
    """Return of which form the value of a key must be, as the one is that it has without an override."""
    if isinstance(value, dict):
        return f"a mapping with keys of {choices(map(str, value))}"
    return f"a list, as [{','.join(map(str, value[:2] or 'ab'))}]" if isinstance(value, list) else "a plain value"


def _known(name: str, line: Line) -> dict[str, Any]:
    """Return the value of every key of a config by its path, under the files that were chosen."""
    keys: dict[str, Any] = {}

    def walk(node: object, path: str) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                keys[f"{path}{key}"] = value
                walk(value, f"{path}{key}.")

    walk(compose(name, line), "")
    return keys
