"""Row filters by hand, with the future changed, and their faults."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.datasets import RowFilterSpec
from intralpha.datasets.row_filter import between_quantiles
from intralpha.datasets.rows import IndustriesSpec, LabelQuantilesSpec, MembersSpec, QuantilesSpec
from intralpha.features import LibrarySpec
from intralpha.market import Lake

DAYS = np.array([d for d in np.arange("2024-01-02", "2024-02-20", dtype="datetime64[D]")
                 if np.is_busday(d)])[:30]  # fmt: skip
ASSETS = np.array([f"60000{i}.SH" for i in range(5)])
ALL = np.ones((30, 5), bool)
BOOK = {"symbol": ASSETS[:4], "announce_date": [DAYS[9].item()] * 4, "item": ["book_equity"] * 4,
        "value": [5e7, 4e8, 3e8, 2e8]}  # fmt: skip
POOL = {"index": ["000852.SH"] * 2, "symbol": ASSETS[:2].tolist(),
        "in_date": [date(2024, 1, 2)] * 2,
        "out_date": [DAYS[10].item(), None], "weight": [None, None]}  # fmt: skip


def daily(noise: int | None = None, after: int = 30) -> pl.DataFrame:
    """Stock i costs 10, has i + 1 hundred million shares and swings by (i + 1) % a day."""
    rng, rows = np.random.default_rng(noise), []
    for d, day in enumerate(DAYS.astype(object)):
        for a, symbol in enumerate(ASSETS):
            swing = 1 + (a + 1) / 100 * (1 if d % 2 else -1)
            close, shares = 10.0 * swing, 1e8 * (a + 1)
            if d > after:
                close, shares = float(rng.uniform(5, 20)), float(rng.uniform(1e8, 9e8))
            rows.append((day, str(symbol), close, close, close, close, 10.0, 1000, 1e4, 1.0,
                         99.0, 1.0, False, False, shares, shares))  # fmt: skip
    names = ("date symbol open high low close preclose volume amount adj_factor up_limit "
             "down_limit suspended st float_shares total_shares")  # fmt: skip
    return pl.DataFrame(rows, schema=names.split(), orient="row")


def lay(folder: Path, **noise: Any) -> Lake:
    lake = Lake(folder)
    lake.append("daily", daily(**noise))
    lake.append("fundamentals", pl.DataFrame(BOOK))
    lake.append("membership", pl.DataFrame(POOL, schema_overrides={"weight": pl.Float64}))
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lay(tmp_path_factory.mktemp("rows"))


def test_quantiles_by_hand() -> None:
    """Of 1, 2, 3, 4 the 20 % quantile is 1.6 and the 75 % quantile 3.25."""
    values = np.array([[1.0, 2.0, 3.0, 4.0, np.nan], [np.nan] * 5, [7.0, 7.0, 7.0, 7.0, 7.0]])
    assert between_quantiles(values, 0.2, 0.75).tolist() == [
        [False, True, True, False, False], [False] * 5, [True] * 5,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (QuantilesSpec(of="size", low=0.2), [0, 1, 1, 1, 1]),
        (QuantilesSpec(of="size", high=0.5), [1, 1, 1, 0, 0]),
        (QuantilesSpec(of="volatility", low=0.3), [0, 0, 1, 1, 1]),
        # Book over cap: 0.05 / 1, 0.4 / 2, 0.3 / 3, 0.2 / 4, nothing; a little more than stock 0.
        (QuantilesSpec(of="bp", low=0.5), [0, 1, 1, 0, 0]),
        (MembersSpec(indices=("000852.SH",)), [0, 1, 0, 0, 0]),
    ],
    ids=str,
)
def test_rules_by_hand(lake: Lake, spec: RowFilterSpec, expected: list[int]) -> None:
    kept = spec.keeps(lake, DAYS[20:28:3], ASSETS, ALL[:3])
    assert kept.astype(int).tolist() == [expected] * 3


def test_book_is_known_from_its_announcement_and_members_leave_in_time(lake: Lake) -> None:
    kept = QuantilesSpec(of="bp", low=0.5).keeps(lake, DAYS[7:11], ASSETS, ALL[:4])
    assert kept.any(axis=1).tolist() == [False, False, True, True]
    kept = MembersSpec(indices=("000852.SH",)).keeps(lake, DAYS[9:12], ASSETS, ALL[:3])
    assert kept[:, 0].tolist() == [True, True, False]


def test_quantiles_are_those_of_the_universe(lake: Lake) -> None:
    """Without stocks 3 and 4 the middle of the sizes is stock 1."""
    inside = ALL[:1] & np.array([1, 1, 1, 0, 0], bool)
    kept = QuantilesSpec(of="size", high=0.5).keeps(lake, DAYS[20:21], ASSETS, inside)
    assert kept.astype(int).tolist() == [[1, 1, 0, 0, 0]]


def test_a_name_of_a_library_is_an_indicator(lake: Lake) -> None:
    features = LibrarySpec(library="price_volume", names=("vol20",))
    spec = QuantilesSpec(of="vol20", features=features, low=0.3)
    assert spec.faults() == ()
    assert spec.reads() == features.reads()
    kept = spec.keeps(lake, DAYS[25:27], ASSETS, ALL[:2])
    values = features.make().compute(lake, DAYS[25:27], ASSETS)["vol20"]
    np.testing.assert_array_equal(kept, values >= np.nanquantile(values, 0.3, axis=1)[:, None])
    assert kept.any()
    assert "features have vol20" in spec.model_copy(update={"of": "vol"}).faults()[0]


def test_industries_are_those_of_the_date(tmp_path: Path) -> None:
    """Two banks, one of which turns to steel; a stock without an industry is in none."""
    lake = Lake(tmp_path / "industries", create=True)
    first, turn = DAYS[0].item(), DAYS[10].item()
    rows = {"symbol": [*ASSETS[:3].tolist(), ASSETS[1]], "in_date": [first] * 3 + [turn],
            "out_date": [None, turn, None, None], "scheme": ["sw"] * 4,
            "code": ["bank", "bank", "coal", "steel"]}  # fmt: skip
    lake.append("industry", pl.DataFrame(rows, schema_overrides={"out_date": pl.Date}))
    mask = ALL.copy()
    mask[:, 0] = False
    banks = IndustriesSpec(codes=("bank",)).keeps(lake, DAYS, ASSETS, mask)
    both = IndustriesSpec(codes=("steel", "coal")).keeps(lake, DAYS, ASSETS, ALL)
    assert banks.sum(axis=1).tolist() == [1] * 10 + [0] * 20
    assert both[9].tolist() == [False, False, True, False, False]
    assert both[10].tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("of", ["size", "volatility", "bp"])
def test_the_future_changes_no_row(lake: Lake, tmp_path: Path, of: str) -> None:
    other = lay(tmp_path, noise=1, after=20)
    spec = QuantilesSpec(of=of, low=0.3, high=0.8)
    old, new = (spec.keeps(one, DAYS[10:29], ASSETS, ALL[:19]) for one in (lake, other))
    np.testing.assert_array_equal(old[:11], new[:11])
    assert old[:11].any()
    assert (old[11:] != new[11:]).any(), "the other future is another"


def test_extreme_labels_by_hand() -> None:
    """Of 0..4 lie 1, 2, 3 inside; of two columns the second says nothing of the first stock."""
    label = np.array([[[0.0], [1], [2], [3], [4], [np.nan]]])
    spec = LabelQuantilesSpec(low=0.2, high=0.8)
    assert spec.keeps_labels(label).astype(int).tolist() == [[0, 1, 1, 1, 0, 0]]
    two = np.concatenate([label, [[[np.nan], [9], [5], [6], [7], [np.nan]]]], axis=2)
    assert spec.keeps_labels(two).astype(int).tolist() == [[0, 0, 0, 1, 0, 0]]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"kind": "quantiles", "of": "size"}, "neither low nor high"),
        ({"kind": "quantiles", "of": "size", "low": 0.8, "high": 0.2}, "is not below high"),
        ({"kind": "quantiles", "of": "beta", "low": 0.2}, "no indicator beta"),
        ({"kind": "label_quantiles", "low": 0.9, "high": 0.1}, "is not below high"),
        ({"kind": "members", "indices": []}, "at least 1"),
    ],
)
def test_faults(spec: dict[str, Any], said: str) -> None:
    kind = RowFilterSpec.of_kind(spec["kind"])
    assert kind is not None
    with pytest.raises(ValidationError, match=said):
        kind.model_validate(spec)
