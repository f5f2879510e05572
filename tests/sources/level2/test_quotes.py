"""Quotes in Level-2 files: no line is lost, whatever stands in a column of names."""

import random
from pathlib import Path

import pytest

from intralpha.sources import Level2Spec, NothingReadError, SourceError
from intralpha.sources.level2 import chunks

from .conftest import TRADE_LINES, read, reasons

HEAD = 'sym,"name, short",chan,time,price,shares,buy,sell,side,seq'
COLUMNS = {"symbol": "sym", "channel": "chan", "time": "time", "price": "price"}
COLUMNS |= {"volume": "shares", "buy_id": "buy", "sell_id": "sell", "side": "side", "seq": "seq"}


def spec(path: Path, **changes: object) -> Level2Spec:
    stream = {"holds": "trades", "pattern": "{date}/t.csv", "columns": COLUMNS, **changes}
    return Level2Spec.model_validate({"path": str(path), "streams": {"t": stream}})


def write(folder: Path, names: list[str], head: str = HEAD) -> Path:
    lines = [line.replace(",", f",{n},", 1) for line, n in zip(TRADE_LINES, names, strict=True)]
    (folder / "20230201").mkdir(exist_ok=True)
    (folder / "20230201/t.csv").write_text("\n".join([head, *lines]) + "\n")
    return folder


@pytest.mark.parametrize("bytes_a_chunk", [1 << 24, 100])
def test_stray_quotes_and_commas_inside_quotes_change_no_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_a_chunk: int
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", bytes_a_chunk)
    clean = read(spec(write(tmp_path, ["x"] * 7)))["trades"].frame
    assert clean["seq"].to_list() == [3, 5, 6, 8, 9, 11, 14]
    dice = random.Random(3)
    for _ in range(5):
        names = dice.choices(['"*ST', "万科", '"万科,A"', '""', 'x"y', '"a""b,"', '"'], k=7)
        found = read(spec(write(tmp_path, names)))["trades"]
        assert found.frame.equals(clean), names
        assert (found.rows_read, reasons(found)) == (7, {})


def test_a_quote_that_tears_a_line_is_counted_with_its_line(tmp_path: Path) -> None:
    names = ["x"] * 7
    names[2] = '"half, of a name'
    found = read(spec(write(tmp_path, names)))["trades"]
    why = "11 fields, expected 10; a quote is not closed on its line"
    assert (found.frame.height, reasons(found)) == (6, {why: 1})
    assert found.quarantined["line"].to_list() == [4]


def test_a_header_that_lacks_a_column_shows_its_fields_whole(tmp_path: Path) -> None:
    path = write(tmp_path, ["x"] * 7, HEAD.replace("shares", "lots"))
    with pytest.raises(SourceError, match=r"'name, short'.*expected also shares"):
        read(spec(path))


def test_volumes_scaled(tmp_path: Path) -> None:
    path = write(tmp_path, ["x"] * 7)
    found = read(spec(path, volume_scale=0.5))["trades"].frame
    assert found["volume"].to_list() == [200, 400, 200, 300, 100, 800, 200]


def test_when_no_record_can_be_read_the_error_says_what_would_fit(tmp_path: Path) -> None:
    from intralpha.market import Lake
    from intralpha.sources import ingest

    path = write(tmp_path, ["x"] * 7)
    file = path / "20230201/t.csv"
    file.write_text(file.read_text().replace("09:25:00.500", "1675214700500"))
    dated = {"datetime" if k == "time" else k: v for k, v in COLUMNS.items()}
    lines = file.read_text().splitlines()[:2]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(NothingReadError) as caught:
        ingest([spec(path, columns=dated)], Lake(tmp_path / "l", create=True), show_progress=False)
    assert "t.csv line 2" in str(caught.value)
    assert '`time_format: "epoch_ms"` reads it' in str(caught.value)
    lake = Lake(tmp_path / "m", create=True)
    ingest([spec(path, columns=dated, time_format="epoch_ms")], lake, show_progress=False)
    row = lake.scan("trades").collect().row(0, named=True)
    assert (str(row["date"]), row["time"]) == ("2023-02-01", 33_900_500)


def test_files_packed_with_gzip_or_zstandard_are_the_same(tmp_path: Path) -> None:
    import gzip

    import pyarrow as pa

    path = write(tmp_path, ["x"] * 7)
    clean = read(spec(path))["trades"].frame
    text = (path / "20230201/t.csv").read_bytes()
    (path / "20230201/t.csv").unlink()
    packs = (("gz", gzip.compress(text)), ("zst", pa.compress(text, "zstd", asbytes=True)))
    for end, content in packs:
        file = path / f"20230201/t.csv.{end}"
        file.write_bytes(content)
        packed = spec(path, pattern=f"{{date}}/t.csv.{end}")
        assert read(packed)["trades"].frame.equals(clean)
        file.write_bytes(content[: len(content) // 2])
        with pytest.raises(SourceError, match=rf"t.csv.{end}: found damaged content"):
            read(packed)


def test_trades_without_numbers_have_those_of_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, ["x"] * 7)
    numberless = {k: v for k, v in COLUMNS.items() if k not in ("seq", "channel")}
    clean, found = (read(spec(path, columns=c))["trades"].frame for c in (COLUMNS, numberless))
    assert found["seq"].to_list() == [2, 3, 4, 5, 6, 7, 8]
    assert found.drop("seq").equals(clean.drop("seq"))
    with pytest.raises(ValueError, match="columns of t lacks seq, and `gap_free` counts numbers"):
        Level2Spec.model_validate(
            {**spec(path, columns=numberless).model_dump(), "gap_free": "stock"}
        )


def test_parquet_that_is_damaged_or_holds_lists(tmp_path: Path) -> None:
    import polars as pl

    path = write(tmp_path, ["x"] * 7)
    frame = pl.read_csv(path / "20230201/t.csv")
    file = path / "20230201/t.parquet"
    frame.write_parquet(file)
    parquet = spec(path, pattern="{date}/t.parquet", format="parquet")
    assert read(parquet)["trades"].frame.equals(read(spec(path))["trades"].frame)
    whole = file.read_bytes()
    for torn in (b"", b"PAR1 torn", whole[:-30]):
        file.write_bytes(torn)
        with pytest.raises(SourceError, match=r"t.parquet: found no readable Parquet"):
            read(parquet)
    frame.with_columns(pl.lit([1.0]).alias("price")).write_parquet(file)
    with pytest.raises(SourceError, match=r"column 'price' of type List"):
        read(parquet)
