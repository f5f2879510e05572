"""Encodings of text: a name that Python does not know is a fault of the mapping, of each kind."""

import pytest
from pydantic import ValidationError

from intralpha.sources import Level2Spec, MappingSpec
from intralpha.sources.joined import JoinSpec

NO_TEXT = ["ut\0-8", "utf-9", "zip", "", "行"]
TEXT = ["utf-8", "utf-8-sig", "gbk", "GB18030", "utf-16", "latin-1", "idna"]


COLUMNS = {c: c for c in ("symbol", "date", "open", "high", "low", "close", "volume")}
MAPPING = {"kind": "mapping", "path": "x.csv", "table": "daily", "columns": COLUMNS}
JOINED = {"path": "x.csv", "columns": {"symbol": "s", "date": "d", "adj_factor": "a"}}
PLAIN = MappingSpec.model_validate(MAPPING)


def mapping(encoding: str) -> str:
    return MappingSpec.model_validate({**PLAIN.model_dump(), "encoding": encoding}).encoding


def joined(encoding: str) -> str:
    return JoinSpec.model_validate({**JOINED, "encoding": encoding}).encoding


def stream(encoding: str) -> str:
    streams = Level2Spec.model_validate({"preset": "simulated_files", "path": "x"}).streams
    name, first = next(iter(streams.items()))
    given = {**first.model_dump(), "encoding": encoding}
    return Level2Spec.model_validate({"path": "x", "streams": {name: given}}).streams[name].encoding


@pytest.mark.parametrize("encoding", NO_TEXT)
@pytest.mark.parametrize("read", [mapping, joined, stream])
def test_no_encoding_of_text(read, encoding):
    with pytest.raises(ValidationError, match=r"expected the name of an encoding of text"):
        read(encoding)


@pytest.mark.parametrize("encoding", TEXT)
@pytest.mark.parametrize("read", [mapping, joined, stream])
def test_encodings_of_text(read, encoding):
    if (read, encoding) == (stream, "utf-16"):  # is read in pieces, which begin anywhere
        with pytest.raises(ValidationError, match="in which a line end is one byte"):
            read(encoding)
        return
    assert read(encoding) == encoding
