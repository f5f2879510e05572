"""The store: days of Panels and folders, each complete or absent, whatever the axis asked for."""

from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.pipeline.store import DamagedArtifactError, Store, UnknownArtifactError

DAYS = np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]")
ASSETS = np.array(["000001.SZ", "600000.SH", "600519.SH"])


def made(times: tuple[time, ...] | None = None) -> Panel:
    panel = Panel.full(DAYS, ASSETS, ("a", "b"), times)
    rng = np.random.default_rng(0)
    panel.values[...] = rng.normal(size=panel.values.shape)
    panel.values[1, ..., 2, :] = np.nan  # not known on the second day
    panel.values[2, ..., 0, 1] = np.nan
    return panel


def filed(store: Store, panel: Panel) -> list[tuple[date, str]]:
    keys = {day: f"{i}{i}key" for i, day in enumerate(panel.dates)}
    store.keep_days("features", keys, panel)
    return [(day.item(), key) for day, key in keys.items()]


@pytest.mark.parametrize("times", [None, (time(11, 30), time(15, 0))])
def test_days_come_back_as_they_were(tmp_path: Path, times: tuple[time, ...] | None) -> None:
    store, panel = Store(tmp_path), made(times)
    keys = filed(store, panel)
    for into in (None, tmp_path / "laid"):
        back = store.panel("features", keys, ASSETS, into)
        np.testing.assert_array_equal(back.values, panel.values)
        assert (back.names, back.times) == (panel.names, panel.times)
        np.testing.assert_array_equal(back.dates, DAYS)


def test_an_axis_may_have_others_and_any_order_of_days_held(tmp_path: Path) -> None:
    store, panel = Store(tmp_path), made()
    keys = filed(store, panel)
    wider = np.array(["000001.SZ", "000002.SZ", "600519.SH"])
    back = store.panel("features", keys[1:], wider)
    np.testing.assert_array_equal(back.values, panel.reindex(DAYS[1:], wider).values)
    np.testing.assert_array_equal(store.panel("features", keys).assets, ASSETS)


def test_a_day_does_not_depend_on_stocks_without_values(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    panel = made()
    filed(one, panel)
    filed(other, panel.reindex(DAYS, np.append(ASSETS, "688001.SH")))
    files = [sorted((s.root / "features").rglob("*key")) for s in (one, other)]
    assert len(files[0]) == 3
    assert [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]


def test_an_absent_day_is_an_error_with_its_address(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keys = filed(store, made())
    with pytest.raises(UnknownArtifactError, match="features/nokey"):
        store.panel("features", [*keys, (date(2024, 1, 5), "nokey")])


def test_a_folder_appears_when_it_is_whole_and_keeps_what_a_killed_try_left(tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = store.work("weights", "k1")
    (work / "state").write_text("half")
    assert not store.has("weights", "folders", "k1")
    assert (store.work("weights", "k1") / "state").read_text() == "half"
    store.keep_folder("weights", "k1", work, {"node": "weights/gru", "seconds": 1.0})
    assert store.has("weights", "folders", "k1")
    assert store.get("weights", "k1").facts["node"] == "weights/gru"
    assert not work.exists()
    assert [a.key for a in store.all()] == ["k1"]


def test_work_says_which_recipe_does_it_until_it_is_done(tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = store.work("weights", "k1", "mine")
    assert store.worker_of(work) == "mine"
    assert store.worker_of(store.work("weights", "k1")) == "mine"
    assert store.worker_of(store.work("weights", "k1", "another")) == "another"
    store.keep_folder("weights", "k1", work, {})
    other = store.work("signal", "k2", "mine")
    store.discard(other)
    assert not (tmp_path / ".work").exists()
    assert [p.name for p in (tmp_path / "weights/k1").iterdir()] == ["artifact.json"]


def test_everything_kept_is_found_and_can_be_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    filed(store, made())
    store.keep_folder("test", "t", store.work("test", "t"), {})
    kept = store.addresses()
    assert sorted(kept) == [("features", f"{i}{i}key") for i in range(3)] + [("test", "t")]
    assert store.days_by_kind()["features"][0] == 3
    store.remove(kept.values())
    assert store.addresses() == {}


def flip(path: Path, at: int) -> None:
    """Another bit somewhere in a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 8
    path.write_bytes(content)


def test_no_bit_of_a_day_changes_unnoticed(tmp_path: Path) -> None:
    """Head, values, checksum: whatever is not as it was written is taken out."""
    store, panel = Store(tmp_path), made()
    for at in range(0, 380, 7):
        keys = filed(store, panel)
        path = tmp_path / "features/days/11/11key"
        flip(path, at)
        with pytest.raises(DamagedArtifactError, match=r"features/11key is damaged: .*checksum"):
            store.panel("features", keys, ASSETS)
        assert not store.has("features", "days", "11key")
        assert store.has("features", "days", "22key")


@pytest.mark.parametrize("size", [0, 3, 100, -1])
def test_a_day_that_was_cut_is_taken_out(tmp_path: Path, size: int) -> None:
    store, keys = Store(tmp_path), filed(Store(tmp_path), made())
    path = tmp_path / "features/days/00/00key"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedArtifactError):
        store.panel("features", keys)
    assert not path.exists()


def test_a_day_without_a_checksum_is_read_as_ever(tmp_path: Path) -> None:
    """Of a store that is older than checksums."""
    store, panel = Store(tmp_path), made()
    keys = filed(store, panel)
    for path in tmp_path.rglob("*key"):
        path.write_bytes(path.read_bytes()[:-4])
    np.testing.assert_array_equal(store.panel("features", keys, ASSETS).values, panel.values)


@pytest.mark.parametrize("how", ["flipped", "lost"])
def test_symbols_that_are_not_those_of_their_name_take_their_day_out(
    tmp_path: Path, how: str
) -> None:
    store, panel = Store(tmp_path), made()
    panel.values[...] = np.nan_to_num(panel.values)
    keys = filed(store, panel)
    (path,) = (tmp_path / "symbols").iterdir()
    flip(path, -3) if how == "flipped" else path.unlink()
    with pytest.raises(DamagedArtifactError, match="symbols"):
        store.panel("features", keys, ASSETS)
    assert not store.has("features", "days", "00key")
    store.keep_days("features", {DAYS[0]: "00key"}, panel)  # made again, the list is there for all
    np.testing.assert_array_equal(store.panel("features", keys, ASSETS).values, panel.values)


@pytest.mark.parametrize("how", ["flipped", "lost", "no facts"])
def test_a_folder_that_is_not_as_it_was_filed_is_taken_out(tmp_path: Path, how: str) -> None:
    store, work = Store(tmp_path), Store(tmp_path).work("weights", "k1")
    (work / "deep").mkdir()
    (work / "deep/w.bin").write_bytes(bytes(range(200)))
    store.keep_folder("weights", "k1", work, {"node": "weights/gru"})
    assert store.get("weights", "k1").facts["node"] == "weights/gru"
    place = tmp_path / "weights/k1"
    if how == "flipped":
        flip(place / "deep/w.bin", 20)
    elif how == "lost":
        (place / "deep/w.bin").unlink()
    (place / "artifact.json").write_text(
        "{" if how == "no facts" else (place / "artifact.json").read_text() + " "
    )
    with pytest.raises(DamagedArtifactError, match=r"weights/k1 is damaged: "):
        store.get("weights", "k1")
    assert not store.has("weights", "folders", "k1")
