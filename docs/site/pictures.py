"""Pictures of our pages for the documentation: a small run, opened in a headless Chromium.

    PYTHONPATH=. python docs/site/pictures.py WORK [--to docs/pictures]

WORK holds the lake and the runs, and is gone on with where it is there: some minutes at first, then
seconds. `make pictures` does it. Needs a browser (``INTRALPHA_BROWSER``, or a Chromium on the
path), Pillow and the extra ``ui``.
"""

import argparse
import base64
import io
import json
from pathlib import Path

from PIL import Image
from tests.browser import SWITCH, Browser, browser_path, browsing

from intralpha.pipeline import compare_runs, execute, load_recipe, plan
from intralpha.ui.app import make_app

HEIGHT = 900
RECIPE = Path("recipes/demo.yaml")
SMALL = (
    "data.sources=[{kind: simulated, seed: 1, n_assets: 120, end: 2023-12-29, freq: 30}]",
    "factors.gru_bars.schedule={kind: rolling, train_days: 80, valid_days: 20, step_days: 60}",
    "factors.gru_bars.training.max_epochs=4",
    "test.start=null",
    "test.breakdown={}",
    "tracking={window: 6, events: {summer: [2023-06-01, 2023-08-31]}}",
    "explore={}",
    "sets={common: {features: {kind: library, library: price_volume, names: "
    "[ret20, vol20, ln_amount20, ret, vol, lnto, lnamihud]}}}",
    "portfolio.problem.stock_deviation=0.05",
    "portfolio.problem.industry_deviation=0.1",
    "portfolio.problem.style_bounds={size: 0.5}",
)
OTHER = ("name=demo_equal", "combination.weights.gru_bars=0.25")
DESK, PHONE = 1280, 390
SCROLL = """
[...document.querySelectorAll("h2, summary.h2")].find((h) => h.textContent.includes({0}))
  .scrollIntoView()
"""
# Name -> page, heading that stands on top (empty: the head), width, language, theme.
SHOTS = {
    "report": ("report", "", DESK, "en", "light"),
    "report_phone": ("report", "", PHONE, "zh", "dark"),
    "report_portfolio": ("report", "Portfolio", DESK, "zh", "dark"),
    "report_evidence": ("report", "Evidence: signal", DESK, "en", "light"),
    "report_memory": ("report", "Memory of returns", DESK, "en", "dark"),
    "compare": ("compare", "", DESK, "en", "light"),
    "compare_phone": ("compare", "Portfolios", PHONE, "en", "light"),
    "ui": ("runs", "", DESK, "en", "dark"),
    "ui_phone": ("tables", "", PHONE, "zh", "light"),
}


def pages_of(work: Path) -> dict[str, Path]:
    """Name -> file of every page, its runs made where they are not there.

    Parameters
    ----------
    work : folder of the lake and the runs
    """
    runs, place = work / "runs", f"data.lake={work.resolve() / 'lake'}"
    first, second = (
        execute(plan(load_recipe(RECIPE, (place, *SMALL, *more)), runs)) for more in ((), OTHER)
    )
    compared = compare_runs(("demo", "demo_equal"), runs, work / "compare.html")
    client = make_app(runs).test_client()
    time = first.report.parent.name
    shown = {"runs": "/", "tables": f"/runs/demo/{time}/tables/", "jobs": "/jobs"}
    pages = {"report": first.report, "compare": compared}
    for name, address in shown.items():
        pages[name] = work / f"{name}.html"
        pages[name].write_text(client.get(address).text, encoding="utf-8")
    del second
    return pages


def taken(
    browser: Browser, page: Path, heading: str, width: int, language: str, theme: str
) -> bytes:
    """A page as it is seen, as PNG of its most frequent colours."""
    browser.open(page, f"?lang={language}&theme={theme}", width=width)
    browser.run(SWITCH.format(language, theme))
    if heading:
        browser.run(SCROLL.format(json.dumps(heading)))
    shot = browser.ask("Page.captureScreenshot", format="png")
    image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    often = sorted(image.getcolors(image.width * image.height), reverse=True)[:256]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in often for part in colour])
    out = io.BytesIO()
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()


def main() -> None:
    """Make what is missing, open every page and write its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--to", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    path = browser_path()
    if path is None:
        parser.error("no browser: INTRALPHA_BROWSER names one")
    asked.work.mkdir(parents=True, exist_ok=True)
    pages = pages_of(asked.work)
    with browsing(path) as browser:
        for name, (page, *how) in SHOTS.items():
            picture = taken(browser, pages[page], *how)
            (asked.to / f"{name}.png").write_bytes(picture)
            print(f"{name}.png {len(picture) / 1000:.0f} kB")
            assert not browser.faults, browser.faults


if __name__ == "__main__":
    main()
