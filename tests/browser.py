"""A headless browser that says what it sees of a page, spoken to through two pipes: no library.

``INTRALPHA_BROWSER`` names the browser; otherwise a Chromium is looked for on the path.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

VARIABLE = "INTRALPHA_BROWSER"
PATIENCE_S = 60
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"),
    *("--disable-extensions", "--in-process-gpu", "--remote-debugging-pipe"),
)
# The browser listens on descriptor 3 and answers on 4, which Python itself may be using.
START = """
import fcntl, os, sys
hears, tells = (fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3])
os.dup2(hears, 3), os.dup2(tells, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")


State = tuple[str, str]
WIDTHS = (1280, 390)
STATES: tuple[State, ...] = (("en", "light"), ("en", "dark"), ("zh", "dark"), ("zh", "light"))
SWITCH = """
if (document.documentElement.lang !== "{0}") document.getElementById("language").click();
if (document.documentElement.dataset.theme !== "{1}") document.getElementById("theme").click();
"""


def browser_path() -> str | None:
    """The browser of this machine, or None."""
    named = os.environ.get(VARIABLE)
    return named or next((found for name in NAMES if (found := which(name))), None)


class Browser:
    """One open page of a browser.

    Attributes
    ----------
    faults : errors of the console, exceptions and requests since the page was opened
    """

    def __init__(self, writing: int, reading: int) -> None:
        self._out, self._in, self._held = writing, reading, b""
        self._asked, self._session, self._page = 0, "", ""
        self.faults: list[str] = []

    def attach(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def open(self, page: Path, query: str = "", *, width: int = 1280) -> None:
        """Load a page and wait until it has finished loading."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        self.faults.clear()
        self._page = page.resolve().as_uri() + query
        self.ask("Page.navigate", url=self._page)
        while self._read().get("method") != "Page.loadEventFired":
            pass

    def run(self, script: str) -> object:
        """The value of a script, which may be a promise."""
        told = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def ask(self, method: str, **parameters: object) -> dict:
        """Ask for something and wait for the answer; what is told meanwhile is kept."""
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": parameters}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        while (told := self._read()).get("id") != self._asked:
            pass
        assert "error" not in told, told
        return told["result"]

    def close(self) -> None:
        """Ask it to end."""
        self._session = ""
        self.ask("Browser.close")

    def _read(self) -> dict:
        while b"\0" not in self._held:
            assert select.select([self._in], [], [], PATIENCE_S)[0], "the browser says nothing"
            more = os.read(self._in, 1 << 16)
            assert more, "the browser has ended"
            self._held += more
        one, _, self._held = self._held.partition(b"\0")
        told = json.loads(one)
        self.faults += self._fault(told.get("method"), told.get("params", {}))
        return told

    def _fault(self, method: str | None, told: dict) -> Iterator[str]:
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            thrown = details.get("exception", {}).get("description")
            yield f"exception: {thrown or details['text']}"
        elif method == "Runtime.consoleAPICalled" and told["type"] in {"error", "assert"}:
            yield f"console: {[one.get('value') for one in told['args']]}"
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            yield f"console: {told['entry']['text']}"
        elif method == "Network.requestWillBeSent":
            address = told["request"]["url"]
            if address != self._page and not address.startswith(("data:", "blob:")):
                yield f"request: {address}"


def faults_of(browser: Browser, page: Path, states: Sequence[State] = STATES) -> list[str]:
    """What is wrong with a page at a desk and on a phone.

    Parameters
    ----------
    browser : that opens it once a width
    page : with the buttons of our layout
    states : languages and themes, which its buttons change
    """
    found = []
    for width in WIDTHS:
        language, theme = states[0]
        browser.open(page, f"?lang={language}&theme={theme}", width=width)
        for state in states:
            browser.run(SWITCH.format(*state))
            looked = browser.run(LOOK)
            assert isinstance(looked, list)
            seen = [*browser.faults, *looked]
            found += [f"{width} {' '.join(state)}: {one}" for one in seen]
            browser.faults.clear()
    return found


@contextmanager
def browsing(path: str) -> Iterator[Browser]:
    """A browser with one empty page, which ends with the block."""
    hears, writing = os.pipe()
    reading, tells = os.pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [sys.executable, "-S", "-c", START, str(hears), str(tells), path, *FLAGS]
        words.append(f"--user-data-dir={profile}")
        quiet = subprocess.DEVNULL
        begun = subprocess.Popen(words, pass_fds=(hears, tells), stdout=quiet, stderr=quiet)
        os.close(hears)
        os.close(tells)
        browser = Browser(writing, reading)
        try:
            browser.attach()
            yield browser
            browser.close()
            begun.wait(20)
        finally:
            os.close(writing)
            os.close(reading)
            if begun.poll() is None:
                begun.kill()
                begun.wait()
