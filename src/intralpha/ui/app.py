"""App: which address shows which page; Flask reads the addresses."""

from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request

from intralpha.base import IntralphaError
from intralpha.pipeline.browse import Runs, shipped_recipes
from intralpha.pipeline.compare import comparison
from intralpha.pipeline.export import csv_text, plain_name
from intralpha.report.render import page_of
from intralpha.ui import pages

# A page may use what stands in it, and call nobody.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
HOSTS = ["127.0.0.1", "localhost"]  # names by which a browser may ask, against borrowed ones
AGAIN_S = 3


def make_app(runs: Path) -> Flask:
    """The pages of a folder of runs.

    Parameters
    ----------
    runs : the folder; a name in an address is looked up in its listing and never made a path
    """
    app = Flask("intralpha", static_folder=None, template_folder=None, root_path=str(runs))
    app.config["TRUSTED_HOSTS"] = HOSTS
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    found = Runs(runs)
    _of_runs(app, found)
    _of_artifacts(app, found)

    @app.after_request
    def guarded(answer: Response) -> Response:
        answer.headers.update(HEADERS)
        return answer

    @app.errorhandler(IntralphaError)
    def failed(error: IntralphaError) -> tuple[str, int]:
        return pages.failure(type(error).__name__, str(error)), 404

    return app


def _of_runs(app: Flask, found: Runs) -> None:
    """Runs, their files, runs side by side, and what runs now."""

    def known(name: str, time: str) -> str:
        run = f"{name}/{time}"
        if run not in found.folders():
            abort(404)
        return run

    @app.get("/")
    def all_runs() -> str:
        return pages.all_runs(found)

    @app.get("/runs/<name>/<time>/")
    def one_run(name: str, time: str) -> str:
        return pages.one_run(found, known(name, time))

    @app.get("/runs/<name>/<time>/report.html")
    def report(name: str, time: str) -> Response:
        return _file(found.file(f"{name}/{time}", "report.html"), "text/html")

    @app.get("/runs/<name>/<time>/recipe.yaml")
    def recipe(name: str, time: str) -> Response:
        return _file(found.file(f"{name}/{time}", "recipe.yaml"), "text/plain")

    @app.get("/runs/<name>/<time>/tables/")
    def tables(name: str, time: str) -> str:
        return pages.tables(found, known(name, time))

    @app.get("/runs/<name>/<time>/tables/<path:wanted>.csv")
    def one_table(name: str, time: str, wanted: str) -> Response:
        frame = found.tables(f"{name}/{time}").get(wanted)
        if frame is None:
            abort(404)
        answer = Response(csv_text(frame), content_type="text/csv; charset=utf-8")
        file = f"{plain_name(wanted).replace('/', '_')}.csv"
        answer.headers.set("Content-Disposition", "attachment", filename=file)
        return answer

    @app.get("/compare")
    def compare() -> str:
        folders = found.folders()
        wanted = list(dict.fromkeys(request.args.getlist("run")))
        if not wanted or not folders.keys() >= set(wanted):
            abort(404)
        return page_of(comparison([str(folders[one]) for one in wanted], found.root))

    @app.get("/jobs")
    def jobs() -> Response:
        return Response(pages.jobs(found), headers={"Refresh": str(AGAIN_S)})


def _of_artifacts(app: Flask, found: Runs) -> None:
    """Artifacts, and recipes that come with the package."""

    @app.get("/artifacts/")
    def kinds() -> str:
        return pages.kinds(found)

    @app.get("/artifacts/<kind>/")
    def of_kind(kind: str) -> str:
        keys = found.artifacts().get(kind)
        if keys is None:
            abort(404)
        return pages.of_kind(kind, keys)

    @app.get("/artifacts/<kind>/<key>")
    def artifact(kind: str, key: str) -> str:
        return pages.artifact(kind, key, found.artifact(kind, key))

    @app.get("/recipes/")
    def recipes() -> str:
        return pages.recipes()

    @app.get("/recipes/<name>.yaml")
    def shipped(name: str) -> Response:
        return _file(shipped_recipes().get(name), "text/plain")


def _file(path: Path | None, kind: str) -> Response:
    """What a file says, as it is."""
    if path is None:
        abort(404)
    text: Any = path.read_text(encoding="utf-8")
    return Response(text, content_type=f"{kind}; charset=utf-8")
