"""What a function's answers depend on: its source, and the sources and constants that it uses.

It keeps whoever writes a function from depending on what would change unseen without knowing it. Whoever means to can,
and the clock, chance, and what installed packages do are not looked at.
"""

from __future__ import annotations
import __future__

import ast
import dis
import importlib.util
import inspect
import sys
import sysconfig
import types
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = (int, float, str, bytes, bool, type(None))
"""Types whose text says all about a value; those that inherit from them may carry more."""

HIDING = {"__builtins__", "__import__", "breakpoint", "compile", "eval", "exec", "getattr", "globals", "input",
          "locals", "open", "vars"}  # fmt: skip
"""Names of Python by which a function reaches what its source does not name."""

HIDING_ATTRIBUTES = {"__builtins__", "__closure__", "__code__", "__dict__", "__getattribute__", "__globals__",
                     "__self__", "__subclasses__", "attrgetter", "f_builtins", "f_globals", "f_locals",
                     "methodcaller",
                     "Formatter", "ForwardRef", "format", "format_map", "get_type_hints",
                     "_os", "_sys", "bltns", "builtins", "importlib", "inspect", "os", "sys"}  # fmt: skip
"""Attributes that do the same: those of Python's objects, the functions of operator that look attributes up, those that
find in a text which names to look up, and modules that other modules hold."""

MODULES = ("bisect", "cmath", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
           "heapq", "itertools", "math", "numbers", "operator", "re", "statistics", "string", "typing")  # fmt: skip
"""Modules of Python that compute and do nothing else: they read no file and find no name."""

FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
LAMBDA = "<lambda>"


def sources(function: Any, owner: str) -> dict[types.FunctionType, list[str]]:
    """Return a function and those of one's own that it calls, each with the texts that say what it does.

    They are its source, its defaults and attributes, the constants that it uses, and which function stands behind each
    name: other texts, another function. What comes from Python, from wangge or from an installed package is told by its
    name.

    Parameters
    ----------
    function
        Defined by `def` or `lambda`, in a file or in a cell of a notebook.
    owner
        Whose function it is, for messages.

    Raises
    ------
    ConfigError
        Sources must be readable and those of the functions as they were loaded. The functions must depend on nothing
        that could change unseen, as far as their source shows it: no variable of a function around them, no data but
        plain constants (numbers, texts, tuples of these), nothing of one's own but functions, by their names, and no
        file or name that is looked up while it runs.
    """
    if not inspect.isfunction(function):
        raise ConfigError(f"{owner} must be a function (def or lambda), got {type(function).__name__}")
    texts: dict[types.FunctionType, list[str]] = {}
    reached: list[types.FunctionType] = [function]
    for one in reached:  # it grows
        if one.__code__.co_freevars:
            names = ", ".join(one.__code__.co_freevars)
            raise ConfigError(
                f"{owner} must use no variable of a function around it (give it as a default), got {names}"
            )
        texts[one] = [_source(one, owner), *_defaults(one, owner), *_attributes(one, owner)]
        for name, value in sorted(_used(one, owner).items()):
            if inspect.isfunction(value) and not _is_installed(str(value.__globals__.get("__name__", ""))):
                if value not in reached:
                    reached.append(value)
                # Two names may change places: the number says which function each stands for.
                texts[one].append(f"{name}: function {reached.index(value)}")
            else:
                texts[one].append(_described(name, value, owner))
    return texts


def _source(function: types.FunctionType, owner: str) -> str:
    """Return the source of a function, checked to be that of what was loaded."""
    code = function.__code__
    flags = code.co_flags & FUTURE | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # a cell of a notebook may await
    try:
        text = "".join(inspect.findsource(function)[0])
        whole = compile(text, code.co_filename, "exec", flags=flags, dont_inherit=True)
    except (OSError, SyntaxError) as error:
        raise ConfigError(f"{owner} must be a function whose source can be read, got {code.co_name}: {error}") from None
    if code not in _codes(whole):
        raise ConfigError(
            f"{owner} must be loaded again, as its source has changed since it was: {Path(code.co_filename).name}"
        )
    if not isinstance(function.__module__, str):
        raise ConfigError(f"{owner} must use functions that have a module, got {code.co_name}, which has none")
    if code.co_name != LAMBDA:
        return inspect.getsource(function)
    on_its_line = [
        ast.get_source_segment(text, node) or ""
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno
    ]
    if len(on_its_line) > 1:
        raise ConfigError(f"{owner} must be the only lambda on its line, got {len(on_its_line)}")
    return on_its_line[0]


def _defaults(function: types.FunctionType, owner: str) -> list[str]:
    """Return the defaults of a function's arguments as text."""
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for value in defaults:
        if not _is_plain(value):
            raise ConfigError(f"{owner} must have numbers, texts or tuples of these as defaults, got {shown(value)}")
    return [_text(defaults, "a default", owner)]


def _attributes(function: types.FunctionType, owner: str) -> list[str]:
    """Return the attributes that a function was given as text."""
    for name, value in vars(function).items():
        if not _is_plain(value):
            raise ConfigError(
                f"{owner} must have numbers, texts or tuples of these as attributes of its functions, got {name} of "
                f"{function.__name__}"
            )
    return [
        f"{function.__name__}.{name} = {_text(value, name, owner)}" for name, value in sorted(vars(function).items())
    ]


def _used(function: types.FunctionType, owner: str) -> dict[str, Any]:
    """Return the global values that a function uses, by their names; those of Python itself are left out."""
    used = {}
    for code in (function.__code__, *_codes(function.__code__)):
        instructions = [one for one in dis.get_instructions(code) if one.opname != "EXTENDED_ARG"]
        for at, instruction in enumerate(instructions):
            name, kind = instruction.argval, instruction.opname
            if kind in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
                if name in function.__globals__:
                    used[name] = function.__globals__[name]
                elif name in HIDING:
                    raise ConfigError(_hidden(owner, name))
            elif kind in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise ConfigError(f"{owner} must change no global variable, got {name}")
            elif kind in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM") and name in HIDING_ATTRIBUTES:
                raise ConfigError(_hidden(owner, name))
            elif kind == "IMPORT_NAME":
                _check_import(name, instructions[at - 2].argval, owner)
    return used


def _check_import(name: str, level: int, owner: str) -> None:
    """Refuse an import inside a function whose module could change unseen; a relative one (level > 0) always can."""
    if level or not _is_installed(name):
        raise ConfigError(_foreign(owner, "." * level + name))
    _check_module(name, name, owner)


def _check_module(module: str, name: str, owner: str) -> None:
    """Refuse what is of a module of Python that does more than compute."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names and top.removeprefix("_") not in MODULES:  # C has _bisect for bisect
        raise ConfigError(
            f"{owner} must use of Python's modules only {', '.join(MODULES)}, as what others find could change unseen, "
            f"got {name}"
        )


def _described(name: str, value: Any, owner: str) -> str:
    """Return what a global value is: a constant as it stands, anything installed by its name."""
    if _is_plain(value):
        return f"{name} = {_text(value, name, owner)}"
    module = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
    if inspect.ismodule(value) or inspect.isclass(value) or (inspect.isroutine(value) and not _is_bound(value)):
        top = str(module or "").partition(".")[0]
        if not _is_installed(top):
            raise ConfigError(_foreign(owner, name))
        if value.__name__ in HIDING | HIDING_ATTRIBUTES and top in sys.stdlib_module_names:
            raise ConfigError(_hidden(owner, name))
        if top != "builtins" or inspect.ismodule(value):
            _check_module(top, name, owner)
        return f"{name}: {module} {getattr(value, '__qualname__', '')}"
    raise ConfigError(
        f"{owner} must use no data but numbers, texts and tuples of these, got {name}, which is of type "
        f"{type(value).__name__}"
    )


def _is_bound(value: Any) -> bool:
    """Return whether a callable carries an object of its own, whose data could change unseen."""
    return not (inspect.ismodule(holder := getattr(value, "__self__", None)) or holder is None)


def _foreign(owner: str, name: str) -> str:
    """Return the message about something whose change would not be seen."""
    return (
        f"{owner} must use nothing of modules of your own but functions, imported by their names at the top of the "
        f"file, as anything else could change unseen, got {name}"
    )


def _hidden(owner: str, name: str) -> str:
    """Return the message about what reaches files, or names that no source tells."""
    instead = ' (an f-string does the same: f"{x:.1f}")' if name.startswith("format") else ""
    return (
        f"{owner} must read no file and look up no name while it runs, as what it gets could change unseen{instead}, "
        f"got {name}"
    )


def _is_installed(module: str) -> bool:
    """Return whether a module is Python's, ours or an installed package's, so that nobody edits it in place."""
    top = module.partition(".")[0]
    if top == "sim":
        return True
    spec = None
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        return False
    if top in sys.stdlib_module_names and (spec.origin in ("built-in", "frozen") or _is_of_python(Path(spec.origin))):
        return True
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(spec.origin).parts)


def _is_of_python(path: Path) -> bool:
    """Return whether a file came with Python: one's own module may have the name of one of Python's."""
    places = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), sysconfig.get_config_var("DESTSHARED"),
              f"{sys.base_prefix}/DLLs"}  # fmt: skip
    return any(path.resolve().is_relative_to(Path(place).resolve()) for place in places if place)


def _is_plain(value: Any) -> bool:
    """Return whether the text of a value says all about it."""
    left = [value]
    for one in left:  # it grows
        if type(one) is tuple:
            left.extend(one)
        elif type(one) not in PLAIN:
            return False
    return True


def _text(value: Any, name: str, owner: str) -> str:
    """Return the text of a plain value."""
    try:
        return repr(value)
    except (ValueError, RecursionError):
        raise ConfigError(
            f"{owner} must use no number and no tuple that is longer or deeper than Python writes "
            f"({sys.get_int_max_str_digits():,} digits), got {name}"
        ) from None


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield the code of everything that is defined inside."""
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield inner
            yield from _codes(inner)
