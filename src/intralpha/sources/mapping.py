"""Mapping: a vendor's csv or Parquet described in YAML, so that a new vendor needs no code."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, model_validator

from intralpha.base import ConfigError, Spec

PRESETS = "intralpha.sources"


def quoted(given: Any) -> Any:
    """The same names or codes, none of which YAML has made a truth value of.

    Raises
    ------
    ValueError
        One was written yes, no, on or off without quotes.
    """
    parts = [given]
    if isinstance(given, dict):
        parts = [*given.keys(), *given.values()]
    found = [v for part in parts for v in (part if isinstance(part, list | tuple) else [part])]
    for value in found:
        if isinstance(value, bool):
            words = "yes, on or true" if value else "no, off or false"
            raise ValueError(f"YAML reads {words} without quotes as {value}; write it in quotes")
    return given


class MappingSpec(Spec):
    """How a vendor's columns become the lake's.

    ``preset`` fills in everything a shipped mapping knows; keys given beside it win.
    """

    kind: Literal["mapping"] = "mapping"
    path: str = Field(description="file, folder, glob or archive; ${VARIABLES} expand")
    preset: str | None = Field(default=None, description="name of a shipped mapping")
    table: Literal["bars", "daily"] = Field(default="bars", description="table the rows go to")
    pattern: str = Field(default="*.csv", description="which files of a folder or archive")
    format: Literal["csv", "parquet"] = Field(default="csv", description="file format")
    encoding: str = Field(default="utf-8", description="text encoding, such as gbk or utf-8-sig")
    separator: str = Field(
        default=",", min_length=1, max_length=1, description="between csv fields"
    )
    columns: Annotated[dict[str, str], BeforeValidator(quoted)] = Field(
        description="field of the lake -> column of the vendor"
    )
    symbol_from: Literal["column", "file"] = Field(
        default="column", description="where the symbol stands"
    )
    symbol_suffix: Literal["", "SH", "SZ", "BJ"] = Field(
        default="", description="exchange of plain numbers; default by their first digit"
    )
    datetime_format: str = Field(
        default="%Y-%m-%d %H:%M:%S",
        description="of field datetime, or of date and time joined by a space; 'HHMMSSmmm' for "
        "dates like 20180102 with times like 93100000",
    )
    freq: int | None = Field(default=None, description="minutes of one bar, for bars")
    stamp: Literal["end", "start"] = Field(default="end", description="what a bar's time marks")
    volume_unit: Literal["shares", "lots"] = Field(
        default="shares", description="lots are 100 shares"
    )
    amount_unit_yuan: float = Field(
        default=1.0, gt=0, description="10000 if amounts are in 10,000 CNY"
    )
    price_scale: float = Field(
        default=1.0, gt=0, description="10000 if prices are integers x 10,000"
    )
    opening_auction: Literal["in_first_bar", "own_row", "missing"] = Field(
        default="in_first_bar", description="own_row: a row at 09:25..09:30 is the auction"
    )
    tick_yuan: float = Field(default=0.01, gt=0, description="price step, for limits and quality")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not given.get("preset"):
            return given
        return {**read_preset(given["preset"]), **given}

    @model_validator(mode="after")
    def _fields_fit_the_table(self) -> "MappingSpec":
        needed = {"open", "high", "low", "close", "volume"}
        needed |= {"amount"} if self.table == "bars" and self.preset is None else set()
        if self.symbol_from == "column":
            needed.add("symbol")
        lacking = sorted(needed - set(self.columns))
        if lacking:
            raise ValueError(f"columns lacks {', '.join(lacking)}")
        if not {"datetime", "date"} & set(self.columns):
            raise ValueError("columns needs datetime, or date (and time for bars)")
        if self.table == "bars" and self.freq is None:
            raise ValueError("bars need freq, the minutes of one bar")
        return self


class UnknownPresetError(ConfigError):
    """No shipped mapping has that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"no shipped mapping {name!r}; there are: {', '.join(known)}.")


def presets() -> tuple[str, ...]:
    """Names of the shipped mappings."""
    folder = files(PRESETS).joinpath("presets")
    names = (f.name for f in folder.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


def read_preset(name: str) -> dict[str, Any]:
    """Keys of a shipped mapping.

    Raises
    ------
    UnknownPresetError
    """
    if name not in presets():
        raise UnknownPresetError(name, presets())
    text = files(PRESETS).joinpath("presets", f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def load_mapping(path: Path) -> MappingSpec:
    """A user's own mapping from a YAML file."""
    return MappingSpec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
