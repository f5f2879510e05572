"""YAML that a user wrote: read as UTF-8, loaded safely, its faults told with file and place."""

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from intralpha.base.errors import ConfigError

MERGE = "tag:yaml.org,2002:merge"  # the key <<, whose mapping the other keys win over
# More than any text of ours has; without bounds a kilobyte fills the memory or ends the process.
DEPTH, VALUES = 100, 1_000_000


class EncodingError(ConfigError):
    """A text file is not in UTF-8."""

    def __init__(self, path: Path, line: int, column: int, byte: int) -> None:
        self.path, self.line, self.column, self.byte = path, line, column, byte
        super().__init__(
            f"{path}, line {line}, column {column}: found byte 0x{byte:02x}; expected text in "
            "UTF-8.\nHint: save the file as UTF-8 in your editor, or convert it: "
            f"iconv -f gb18030 -t utf-8 {path.name}"
        )


class YamlError(ConfigError):
    """A text is not YAML, a key of it is given twice, or a value of it is impossible."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(f"not readable as YAML: {fault}")


def read_utf8(path: Path) -> str:
    """The text of a file.

    Raises
    ------
    EncodingError
        It is not in UTF-8; says where it stops being.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8").split("\n")
        place = len(before), len(before[-1]) + 1
        raise EncodingError(path, *place, content[error.start]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_yaml(text: str) -> Any:
    """What a text says; a key given twice is refused.

    Raises
    ------
    YamlError
        Says line and column. Also for a text that is nested more than 100 deep, or that holds more
        than a million values once its aliases stand for what they name.
    """
    try:
        _check_bounds(text)
        try:
            return yaml.load(text, Loader=_Fast)  # noqa: S506
        except yaml.YAMLError:
            return yaml.load(text, Loader=_Plain)  # noqa: S506  # slower, but it shows the line
    except yaml.YAMLError as error:
        raise YamlError(f"{error}{_tabbed(text, error)}") from error


def _tabbed(text: str, error: yaml.YAMLError) -> str:
    """What to do where the reader stopped at a tab: it looks like the spaces of other lines."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return ""
    line = text.splitlines()[mark.line : mark.line + 1]
    at_tab = line and "\t" in line[0][: len(line[0]) - len(line[0].lstrip())]
    return "; the line begins with a tab, YAML wants spaces" if at_tab else ""


def _check_bounds(text: str) -> None:
    """Refuse what would be too deep or too large, before anything is built of it.

    The events of a text come one by one, whatever they are nested in; what an alias stands for is
    counted and not unfolded.
    """
    known: dict[str, int] = {}
    inside: list[tuple[str | None, int]] = []  # anchor of a collection, values before it
    count = 0
    for event in yaml.parse(text, Loader=_Fast):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in {anchor for anchor, _ in inside}:
                _refuse(f"*{event.anchor} stands inside of what it names", event)
            count += known.get(str(event.anchor), 0)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = inside.pop()
            if anchor:
                known[anchor] = count - before
        elif isinstance(event, yaml.NodeEvent):
            count += 1
            if isinstance(event, yaml.CollectionStartEvent):
                inside.append((event.anchor, count - 1))
        if len(inside) > DEPTH:
            _refuse(f"found more than {DEPTH} levels, expected fewer", event)
        if count > VALUES:
            _refuse(f"found more than {VALUES:,} values, expected fewer", event)


def _refuse(why: str, event: yaml.Event) -> None:
    raise yaml.MarkedYAMLError(None, None, why, event.start_mark)  # type: ignore[arg-type]


class _Strict(yaml.constructor.SafeConstructor):
    """Safe YAML that refuses a key given twice, and a value that cannot be where it stands."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError) as error:  # such as a thirteenth month
            fault = f"no {node.tag.rpartition(':')[2]} from {node.value!r} ({error})"
            raise yaml.constructor.ConstructorError(None, None, fault, node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set[Hashable]()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=deep)
            if not isinstance(key, Hashable):
                continue  # refused below
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Plain(_Strict, yaml.SafeLoader):
    """Written in Python."""


if TYPE_CHECKING:
    _InC = yaml.SafeLoader
else:
    _InC = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Fast(_Strict, _InC):
    """Written in C where the installation has it."""
