"""YAML of a user: whatever is wrong with it is one of our errors, with the place."""

from pathlib import Path

import pytest

from intralpha.base import ConfigError
from intralpha.base.yaml_text import EncodingError, YamlError, parse_yaml, read_utf8


def test_a_file_in_another_encoding_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes("name: mine\nabout: 沪深 ".encode() + "动量\n".encode("gb18030"))
    with pytest.raises(EncodingError) as caught:
        read_utf8(path)
    error = caught.value
    # 动 is b6 af in GB 18030; before it stand "about: ", two characters and a space.
    assert (error.line, error.column, error.byte) == (2, 11, 0xB6)
    assert str(error).startswith(f"{path}, line 2, column 11: found byte 0xb6; expected text in")
    assert isinstance(error, ConfigError)
    path.write_bytes(path.read_bytes().decode("utf-8", "ignore").encode("utf-16"))
    with pytest.raises(EncodingError, match="line 1, column 1: found byte 0xff"):
        read_utf8(path)


def test_ends_of_lines_and_a_mark_of_byte_order_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes("\ufeffa: |\r\n  动\r\n  b\r\n".encode())
    assert parse_yaml(read_utf8(path)) == {"a": "动\nb\n"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2023-13-01\n", r"no timestamp from '2023-13-01' .*\n.* line 2, column 4"),
        ("a: 1\nb: !!bool x\n", r"no bool from 'x' .*\n.* line 2, column 4"),
        ("a:\n\tb: 1", r"line 2, column 1(.|\n)*; the line begins with a tab, YAML wants spaces"),
        ("a: [1\nb: 2", r"expected ',' or '\]'(.|\n)*line 2, column 2"),
        ("a: {{ foo }}", r"unhashable key\n.* line 1, column 5"),
        ("a: 1\n\na: 2", r"key 'a' is given twice\n.* line 3, column 1"),
        ("a:\n- !!python/object/apply:os.system ['true']", r"tag(.|\n)* line 2, column 3"),
        ("a: \0", "unacceptable character"),
    ],
)
def test_every_fault_is_ours_and_says_where(text: str, fault: str) -> None:
    with pytest.raises(YamlError, match=f"^not readable as YAML: (.|\n)*{fault}"):
        parse_yaml(text)


def test_a_mapping_can_be_merged_into_another() -> None:
    text = "one: &one {a: 1, b: 2}\ntwo: {<<: *one, b: 3}\n"
    assert parse_yaml(text)["two"] == {"a": 1, "b": 3}
