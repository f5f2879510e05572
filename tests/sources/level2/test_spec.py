"""Level2Spec: presets, keys that win over them, and descriptions that cannot be."""

import pytest
import yaml
from pydantic import ValidationError

from intralpha.base import Spec
from intralpha.sources import Level2Spec, SourceSpec, level2_presets, presets
from intralpha.sources.shipped import UnknownPresetError


class In(Spec):
    source: SourceSpec


STREAM = {
    "holds": "trades",
    "pattern": "*.csv",
    "columns": {"symbol": "s", "time": "t", "seq": "n", "price": "p", "volume": "v"},
}


def test_presets_are_complete() -> None:
    assert level2_presets() == (
        "ax_log",
        "datayes_shanghai",
        "md_snapshots",
        "mixed_trades",
        "qmt_level2",
        "simulated_files",
        "wind_csv",
    )
    for name in level2_presets():
        spec = In.model_validate({"source": {"kind": "level2", "preset": name, "path": "x"}}).source
        assert isinstance(spec, Level2Spec)
        assert spec.streams
    assert not set(presets()) & {*level2_presets(), "level2"}


def test_keys_win_over_a_preset() -> None:
    given = {"streams": {"trades": {"pattern": "*t.csv"}, "more": STREAM}, "gap_free": "channel"}
    spec = Level2Spec.model_validate({"preset": "datayes_shanghai", "path": "x", **given})
    assert set(spec.streams) == {"orders", "trades", "snapshots", "more"}
    assert spec.streams["trades"].pattern == "*t.csv"
    assert spec.streams["trades"].columns["seq"] == ("BizIndex",)
    assert spec.gap_free == "channel"
    with pytest.raises(UnknownPresetError, match="datayes_shanghai"):
        Level2Spec.model_validate({"preset": "nobody", "path": "x"})


def test_codes_of_yaml_are_text() -> None:
    text = "{holds: orders, pattern: x, side_codes: {1: buy, 2: sell}, kind_codes: {1: market},"
    text += " columns: {symbol: s, time: t, seq: n, price: p, volume: v, side: b, kind: k}}"
    spec = Level2Spec.model_validate({"path": "x", "streams": {"o": yaml.safe_load(text)}})
    assert spec.streams["o"].side_codes == {"1": "buy", "2": "sell"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"columns": {"symbol": "s", "time": "t", "seq": "n", "price": "p"}}, "lacks volume"),
        ({"columns": STREAM["columns"] | {"hour": "h"}}, "columns has unknown 'hour'"),
        ({"columns": STREAM["columns"] | {"what": "w"}}, "needs what_codes"),
        ({"columns": STREAM["columns"] | {"kind": "k"}}, "needs kind_codes"),
        ({"columns": STREAM["columns"] | {"seq": []}}, "at least 1 item"),
        ({"holds": "orders"}, "lacks side"),
        ({"holds": "merged"}, "lacks what"),
        ({"holds": "snapshots"}, "columns has unknown 'price' .*, 'seq'"),
        ({"colour": "red"}, "Extra inputs"),
        ({"what_codes": {"A": "entry"}}, "'order', 'cancel', 'trade' or 'ignore'"),
    ],
)
def test_descriptions_that_cannot_be(change: dict, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Level2Spec.model_validate({"path": "x", "streams": {"t": STREAM | change}})


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("columns: {symbol: s, time: t, seq: no, price: p, volume: v}", "no, off.* as False"),
        ("columns: {symbol: s, time: t, seq: [n, on], price: p, volume: v}", "yes, on.* as True"),
        ("side_codes: {yes: buy, no: sell}", "yes, on.* as True"),
        ("names: [s, t, off]", "no, off.* as False"),
    ],
)
def test_a_name_that_yaml_reads_as_a_truth_value_wants_quotes(text: str, word: str) -> None:
    stream = STREAM | yaml.safe_load(text)
    with pytest.raises(ValidationError, match=f"{word}; write it in quotes"):
        Level2Spec.model_validate({"path": "x", "streams": {"t": stream}})
    for bare in ("yes", "no", "on", "off"):
        text = text.replace(f" {bare}", f" '{bare}'").replace(f"{{{bare}", f"{{'{bare}'")
    stream = STREAM | yaml.safe_load(text)
    Level2Spec.model_validate({"path": "x", "streams": {"t": stream}})


def test_a_symbol_and_a_time_are_needed() -> None:
    columns = {k: v for k, v in STREAM["columns"].items() if k != "symbol"}  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="symbol, or the pattern"):
        Level2Spec.model_validate({"path": "x", "streams": {"t": STREAM | {"columns": columns}}})
    named = STREAM | {"columns": columns, "pattern": "{symbol}.csv"}
    Level2Spec.model_validate({"path": "x", "streams": {"t": named}})
    del columns["time"]
    with pytest.raises(ValidationError, match="datetime or time"):
        Level2Spec.model_validate({"path": "x", "streams": {"t": named | {"columns": columns}}})


def test_an_unquoted_no_is_no() -> None:
    spec = Level2Spec.model_validate(
        {"path": "x", "streams": {"t": STREAM}, "gap_free": yaml.safe_load("no")}
    )
    assert spec.gap_free == "no"
