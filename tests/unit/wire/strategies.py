"""Random messages of every kind, from their types."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from tether.wire.codec import MESSAGES

# What MessagePack can hold.
_INTEGERS = st.integers(min_value=-(1 << 63), max_value=(1 << 64) - 1)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: _INTEGERS,
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=40),
    bytes: st.binary(max_size=200),
    type(None): st.none(),
}


def of_type(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type. KeyError for a type that no message has had so far."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*(of_type(argument) for argument in arguments))
    if origin is list:
        return st.lists(of_type(arguments[0]), max_size=4)
    if origin is dict:
        return st.dictionaries(of_type(arguments[0]), of_type(arguments[1]), max_size=4)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return message_of(annotation)
    return _PLAIN[annotation]


def message_of(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Messages of one kind, with any values in their fields."""
    return st.builds(struct, **{field.name: of_type(field.type) for field in msgspec.structs.fields(struct)})


messages = st.sampled_from(MESSAGES).flatmap(message_of)
session_ids = st.binary(min_size=16, max_size=16)

# Anything that MessagePack can say, deeply nested at times.
_LEAVES = st.one_of(st.none(), st.booleans(), _INTEGERS, st.floats(), st.text(max_size=20), st.binary(max_size=20))
anything = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.one_of(st.text(max_size=5), _INTEGERS), inner, max_size=5)
    ),
    max_leaves=20,
)
