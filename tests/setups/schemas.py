"""The numbers of a schema with their bounds, and where they stand in a config."""

import copy
import math
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel

from sim.config.schema import Pilot


def numbers(kind, path=(), rules=()):
    """Yield every number of a schema: its path (a star for members), its type and its bounds."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *more = get_args(kind)
        yield from numbers(inner, path, (*rules, *more))
    elif origin in (Union, types.UnionType):
        for one in get_args(kind):
            yield from numbers(one, path, rules)
    elif origin in (tuple, dict, list):
        for one in {arg for arg in get_args(kind) if arg is not Ellipsis}:
            yield from numbers(one, (*path, "*"))
    elif origin is Literal or kind is Any:
        return
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from numbers(field.annotation, (*path, name), tuple(field.metadata))
    elif kind in (int, float):
        yield ".".join(path), kind, bounds(rules)


def bounds(rules):
    """Return the lower and the upper bound that rules give, and whether each is itself allowed."""
    low, high = (-math.inf, True), (math.inf, True)
    for rule in rules:
        for one in getattr(rule, "metadata", [rule]):
            if isinstance(one, annotated_types.Ge):
                low = one.ge, True
            elif isinstance(one, annotated_types.Gt):
                low = one.gt, False
            elif isinstance(one, annotated_types.Le):
                high = one.le, True
            elif isinstance(one, annotated_types.Lt):
                high = one.lt, False
    return low, high


def leaves(plain, kind=Pilot):
    """Yield the place of every number of a pilot that its schema bounds, with its type and bounds."""
    known = {path: (kind, limits) for path, kind, limits in numbers(kind)}

    def walk(node, place):
        if isinstance(node, dict):
            for key, inside in node.items():
                yield from walk(inside, (*place, key))
        elif isinstance(node, list):
            for i, inside in enumerate(node[:1]):
                yield from walk(inside, (*place, i))
        elif isinstance(node, int | float) and not isinstance(node, bool):
            for path, found in known.items():
                parts = path.split(".")
                if len(parts) == len(place) and all(p in ("*", str(q)) for p, q in zip(parts, place, strict=True)):
                    yield place, *found
                    break

    yield from walk(plain, ())


def with_value(plain, place, value):
    """Return a config with another value at a place."""
    plain = copy.deepcopy(plain)
    node = plain
    for part in place[:-1]:
        node = node[part]
    node[place[-1]] = value
    return plain


def just_beyond(kind, value, way):
    """Return the number next to another one, upwards or downwards."""
    return value + way if kind is int else math.nextafter(value, way * math.inf)
