"""The golden files are the protocol as other programs have it: what is in them is what goes over the wire."""

from __future__ import annotations

import json

import msgspec
import pytest

from tether.wire.codec import MESSAGES, decode, encode
from tools import golden


def test_the_files_are_of_this_protocol() -> None:
    assert golden.differences() == [], "if the protocol was meant to change: make wire"


@pytest.mark.parametrize("struct", MESSAGES, ids=lambda struct: struct.__name__)
def test_a_golden_frame_decodes_to_its_readable_twin(struct: type[msgspec.Struct]) -> None:
    stem = golden.file_stem(str(struct.__struct_config__.tag))
    frame = (golden.DIRECTORY / f"{stem}.bin").read_bytes()
    twin = json.loads((golden.DIRECTORY / f"{stem}.json").read_text())

    sid, message = decode(frame)

    assert type(message) is struct
    assert message == golden.sample(struct)
    assert encode(sid, message) == frame
    assert (twin["message"], twin["sid"], twin["bytes"]) == (struct.__name__, sid.hex(), len(frame))
    assert list(twin["fields"]) == list(struct.__struct_fields__)


@pytest.mark.parametrize("struct", MESSAGES, ids=lambda struct: struct.__name__)
def test_a_golden_message_leaves_no_field_at_its_default(struct: type[msgspec.Struct]) -> None:
    message = golden.sample(struct)
    for field in msgspec.structs.fields(struct):
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        assert getattr(message, field.name) != default, f"{struct.__name__}.{field.name}"
