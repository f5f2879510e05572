"""The local page: what it shows, that no name leads out of its folder, and that it only reads."""

import multiprocessing
import re
import shutil
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from tests.browser import Browser, faults_of
from typer.testing import CliRunner

from intralpha.cli.main import app as commands
from intralpha.pipeline import RunResult, Store, export_tables, load_recipe, plan, run_tables
from intralpha.pipeline.turns import holder, in_turn
from intralpha.training.checkpoint import FACTS
from intralpha.ui import HOST, NoPageError, local_server
from intralpha.ui.serve import PortError

from .conftest import client_of

SECRET = "what nobody may read"
LINK = re.compile(r'href="([^"]+)"')


def the_run(runs: Path) -> str:
    (report,) = runs.glob("tiny/*/report.html")
    return f"tiny/{report.parent.name}"


def shown(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.text)
    return answer.text


def crawled(client) -> dict[str, str]:
    """Address -> page of everything that links lead to."""
    seen: dict[str, str] = {}
    left = ["/"]
    while left:
        address = left.pop()
        seen[address] = shown(client, address)
        if not address.endswith((".html", ".yaml", ".csv")):
            found = [unescape(to) for to in LINK.findall(seen[address])]
            left += [to for to in dict.fromkeys(found) if to not in seen and to not in left]
    return seen


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything below a folder: size, time of the last change and inode."""
    stats = {str(p): p.lstat() for p in (folder, *folder.rglob("*"))}
    return {name: (s.st_size, s.st_mtime_ns, s.st_ino) for name, s in stats.items()}


def test_every_page_is_reached_and_nothing_is_written(client, runs: Path) -> None:
    run, before = the_run(runs), tree(runs)
    pages = crawled(client)
    beside = shown(client, f"/compare?run={run}&run={run}")
    assert tree(runs) == before
    kinds = {p.name for p in (runs / "artifacts").iterdir() if list(p.glob("*/artifact.json"))}
    assert {f"/artifacts/{kind}/" for kind in kinds} <= set(pages)
    assert len([to for to in pages if to.startswith("/artifacts/test/")]) >= 2
    assert pages[f"/runs/{run}/report.html"] == (runs / run / "report.html").read_text("utf-8")
    assert pages[f"/runs/{run}/recipe.yaml"] == (runs / run / "recipe.yaml").read_text("utf-8")
    assert "name: demo" in pages["/recipes/demo.yaml"]
    saved = [to for to in pages if to.startswith(f"/runs/{run}/tables/") and to.endswith(".csv")]
    assert len(saved) > 30
    assert "Settings that differ" in beside


def test_runs_side_by_side_are_the_figures_that_were_filed(
    client, runs: Path, request: pytest.FixtureRequest
) -> None:
    finished: tuple[Path, RunResult] = request.getfixturevalue("finished")
    page = shown(client, f"/compare?run={the_run(runs)}")
    assert f'data-v="{finished[1].figures["excess_annualised"]:.8g}"' in page
    for wanted in ("", "?run=nobody/never", f"?run={the_run(runs)}&run=../x"):
        assert client.get(f"/compare{wanted}").status_code == 404


def test_tables_are_those_that_an_export_writes(
    client, runs: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = request.getfixturevalue("finished")[0]
    tables = run_tables(plan(load_recipe(folder / "tiny.yaml"), folder / "kept"))
    export_tables(tables, tmp_path, ("csv",))
    address = f"/runs/{the_run(runs)}/tables"
    for name in ("factors", "factor/signal/series", "training", "portfolio/fills"):
        answer = client.get(f"{address}/{name}.csv")
        assert answer.text == (tmp_path / "csv" / f"{name}.csv").read_text("utf-8")
        file = f"{name.replace('/', '_')}.csv"
        assert answer.headers["Content-Disposition"] == f"attachment; filename={file}"
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    listed = {unescape(to) for to in LINK.findall(shown(client, f"{address}/"))}
    left_out = {name for name in tables if f"{address}/{quote(name)}.csv" not in listed}
    assert left_out == {"portfolio/Benchmark"} & set(tables)
    assert client.get(f"{address}/nothing.csv").status_code == 404


def test_an_artifact_says_what_it_was_made_of(client, runs: Path) -> None:
    (folder,) = (runs / "artifacts/test").iterdir()
    page = unescape(shown(client, f"/artifacts/test/{folder.name}"))
    assert '"node": "test"' in page
    assert "00/series.parquet" in page
    assert client.get("/artifacts/test/0123456789").status_code == 404


OUT = (
    "../../secret.txt",
    "..%2f..%2fsecret.txt",
    "%2e%2e/%2e%2e/secret.txt",
    "..\\..\\secret.txt",
    "....//....//secret.txt",
    "%252e%252e%252fsecret.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "..",
    "%00",
    "linked",
)


@pytest.fixture
def beside_secrets(runs: Path, tmp_path: Path) -> Path:
    """Runs beside a file of somebody else, with links that lead to it."""
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    (tmp_path / "elsewhere").mkdir()
    for name in ("report.html", "recipe.yaml", "artifact.json", "run.json"):
        (tmp_path / "elsewhere" / name).write_text(SECRET)
    inside = tmp_path / "runs"
    (inside / "tiny" / "now").mkdir(parents=True)
    (inside / "tiny" / "now" / "report.html").write_text("a report")
    (inside / "tiny" / "now" / "recipe.yaml").symlink_to(secret)
    (inside / "tiny" / "linked").symlink_to(tmp_path / "elsewhere")
    (inside / "linked").symlink_to(tmp_path)
    (inside / "artifacts" / "test").mkdir(parents=True)
    (inside / "artifacts" / "test" / "linked").symlink_to(tmp_path / "elsewhere")
    (inside / "artifacts" / "linked").symlink_to(tmp_path)
    return inside


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "place",
    [
        "/{}",
        "/runs/{}",
        "/runs/tiny/{}",
        "/runs/tiny/{}/",
        "/runs/{}/elsewhere/",
        "/runs/tiny/{}/report.html",
        "/runs/tiny/{}/recipe.yaml",
        "/runs/tiny/now/{}",
        "/runs/tiny/now/tables/{}",
        "/runs/tiny/now/tables/{}.csv",
        "/runs/{}/now/tables/factors.csv",
        "/runs/{}/now/report.html",
        "/artifacts/{}",
        "/artifacts/test/{}",
        "/artifacts/{}/elsewhere",
        "/recipes/{}.yaml",
        "/recipes/{}",
        "/compare?run={}",
        "/compare?run=tiny/{}",
    ],
)
def test_no_name_leads_out_of_the_folder(place: str, beside_secrets: Path) -> None:
    client = client_of(beside_secrets)
    for out in OUT:
        answer = client.get(place.format(out))
        assert answer.status_code in {308, 400, 404}, (place, out)
        assert SECRET not in answer.text
        assert "root:x:" not in answer.text
    assert client.get("/runs/tiny/now/recipe.yaml").status_code == 404
    assert SECRET not in "".join(crawled(client).values())


def test_what_is_damaged_stays_where_it_is(runs: Path, tmp_path: Path) -> None:
    own = tmp_path / "runs"
    shutil.copytree(runs, own)
    (folder,) = (own / "artifacts/test").iterdir()
    summary = folder / "00" / "summary.json"
    summary.write_text("{}")
    before = tree(own)
    answer = client_of(own).get(f"/compare?run={the_run(own)}")
    assert answer.status_code == 404
    assert "is damaged: its bytes differ from their checksum" in unescape(answer.text)
    assert tree(own) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_reading_is_answered(client, method: str, runs: Path) -> None:
    for address in ("/", "/jobs", f"/runs/{the_run(runs)}/report.html", "/artifacts/"):
        assert client.open(address, method=method).status_code == 405


@pytest.mark.parametrize("host", ["page.invalid", "127.0.0.1.page.invalid", "10.0.0.1:8765"])
def test_a_borrowed_name_is_refused(client, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 400
    for own in ("127.0.0.1:8765", "localhost:8765"):
        assert client.get("/", headers={"Host": own}).status_code == 200


def test_no_page_may_call_anybody(client, runs: Path) -> None:
    for address in ("/", f"/runs/{the_run(runs)}/report.html", "/nowhere"):
        headers = client.get(address).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in headers


def test_names_are_shown_not_run(tmp_path: Path) -> None:
    hostile = "<script>alert('x')<"
    folder = tmp_path / hostile / "now"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("a report")
    (folder / "recipe.yaml").write_text(f"name: {hostile}")
    for text in crawled(client_of(tmp_path)).values():
        assert hostile not in text or text.startswith("name: ")


def work(root: Path, key: str, begun, over) -> None:
    with in_turn(root, [key]):
        begun.set()
        over.wait(60)


def test_work_is_seen_while_it_is_done(tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    folder = Store(root).work("weights", "00ff", "my_run")
    (folder / "state").mkdir()
    row = '{"rows": [{"epoch": 7, "train_loss": 0.5, "valid_rank_ic": 0.0625}]}'
    (folder / "state" / FACTS).write_text(row)
    (root / ".work" / "weights-inputs-00ff").mkdir()
    forked = multiprocessing.get_context("fork")
    begun, over = forked.Event(), forked.Event()
    worker = forked.Process(target=work, args=(root, "00ff", begun, over))
    client = client_of(tmp_path)
    worker.start()
    assert begun.wait(60)
    page = client.get("/jobs")
    assert page.headers["Refresh"] == "3"
    assert f"process {worker.pid}" in page.text
    for figure in ("<td>my_run</td>", "<td>7</td>", ">0.5<", ">0.062<"):
        assert figure in page.text, page.text
    assert "inputs" not in page.text
    over.set()
    worker.join()
    assert holder(root, "00ff") is None
    page = client.get("/jobs").text
    assert "nobody: left half made" in page
    assert "<td>my_run</td>" in page
    note = folder.with_name("weights-00ff.run")
    note.unlink()
    note.symlink_to(__file__)
    assert "left half made" in client.get("/jobs").text
    assert "def test_work_is_seen" not in unescape(client.get("/jobs").text)


def serve(runs: Path, told) -> None:
    server = local_server(runs, 0)
    told.send((server.host, server.port))
    server.run()


def test_a_server_listens_on_this_machine_alone(runs: Path) -> None:
    forked = multiprocessing.get_context("fork")
    hear, tell = forked.Pipe(duplex=False)
    server = forked.Process(target=serve, args=(runs, tell))
    server.start()
    try:
        assert hear.poll(60), "it does not listen"
        host, port = hear.recv()
        assert host == HOST == "127.0.0.1"
        with pytest.raises(PortError, match="--port"):
            local_server(runs, port)
        address = f"http://{host}:{port}"
        with urlopen(f"{address}/", timeout=60) as answer:
            assert the_run(runs).split("/")[1] in answer.read().decode()
            assert "Server" not in answer.headers
        for request in (
            Request(f"{address}/", headers={"Host": "page.invalid"}),
            f"{address}/runs/%2e%2e/%2e%2e/recipe.yaml",
        ):
            with pytest.raises(HTTPError, match=r"HTTP Error 40[04]") as refused:
                urlopen(request, timeout=60)
            refused.value.close()
    finally:
        server.kill()
        server.join()


def test_without_the_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("intralpha.ui.serve.find_spec", {"waitress": 1}.get)
    done = CliRunner().invoke(commands, ["ui", "--runs", str(tmp_path)])
    assert isinstance(done.exception, NoPageError)
    assert "needs flask, which are not installed" in str(done.exception)
    assert "pip install 'intralpha[ui]'" in str(done.exception)


@pytest.mark.parametrize("address", ["/", "/runs/{}/", "/artifacts/", "/artifacts/test/", "/jobs"])
def test_pages_can_be_read_everywhere(
    address: str, client, runs: Path, browser: Browser, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text(shown(client, address.format(the_run(runs))), encoding="utf-8")
    assert faults_of(browser, page) == []
