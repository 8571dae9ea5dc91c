"""The built site in a browser, for tests: a page with a script opens the site's pages in frames and reports what it finds."""

from __future__ import annotations

import contextlib
import importlib.resources
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from utils.chapters import ROOT

CHROMIUM = os.environ.get("RUNGS_CHROMIUM") or next(
    filter(
        None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"))
    ),
    None,
)

PROBE = """<script>
window.__faults = [];
addEventListener("error", e => __faults.push(e.message || "cannot load " + (e.target.src || e.target.href)), true);
addEventListener("unhandledrejection", e => __faults.push("unhandled: " + (e.reason && e.reason.message || e.reason)));
addEventListener("securitypolicyviolation", e => __faults.push("leaves the machine: " + e.blockedURI));
for (const kind of ["error", "warn"]) {
  const said = console[kind];
  console[kind] = (...words) => { __faults.push("console." + kind + ": " + words.join(" ")); said(...words); };
}
</script>"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site, one for all workers.

    Built in a process of its own: warnings must make that process fail, as in `make site`.
    """
    pytest.importorskip("mkdocs", reason="the site needs Python 3.11.5 or newer and the group docs")
    import fcntl

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    out, draft = shared / "site", shared / "site.draft"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            built = subprocess.run(
                [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(draft)],
                cwd=ROOT,
                env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert built.returncode == 0, built.stderr[-4000:]
            draft.rename(out)
    return out


def pages(site: Path) -> list[str]:
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html") if path.name != "404.html")


class Server(ThreadingHTTPServer):
    report: dict[str, Any] | None = None
    missing: list[str]
    searches: int = 0


def serve(site: Path, driver: str) -> Server:
    """Serves the site with the probe in every page, and a policy that stops and reports requests to other machines."""

    class Handler(SimpleHTTPRequestHandler):
        server: Server

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/")
            if path == "__driver":
                return self._send(driver)
            if path == "__axe":
                axe = importlib.resources.files("axe_core_python").joinpath("axe.min.js")
                return self._send(axe.read_text(encoding="utf-8"), "text/javascript")
            if path.endswith("search_index.json"):
                # Every page builds the same index, which takes longer than the page: the first has it whole.
                index = json.loads((site / path).read_text(encoding="utf-8"))
                self.server.searches += 1
                return self._send(
                    json.dumps(index if self.server.searches == 1 else index | {"docs": []}), "application/json"
                )
            if path.endswith(".html") and (site / path).exists():
                page = (site / path).read_text(encoding="utf-8")
                return self._send(page.replace("<head>", "<head>" + PROBE, 1))
            if path and path != "favicon.ico" and not (site / path).exists():
                self.server.missing.append(path)
            return super().do_GET()

        def _send(self, page: str, kind: str = "text/html; charset=utf-8") -> None:
            body = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            policy = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'"
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.server.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send("")

        def log_message(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), lambda *given: Handler(*given, directory=str(site)))
    server.missing = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextlib.contextmanager
def chromium(url: str) -> Iterator[subprocess.Popen]:
    profile = tempfile.mkdtemp(prefix="rungs-browser-")
    quiet = "--no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-quic"
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", *quiet.split()]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0"]
    command += [f"--user-data-dir={profile}", "--window-size=1400,1000", url]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield browser
    finally:
        browser.terminate()
        try:
            browser.wait(10)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()
        shutil.rmtree(profile, ignore_errors=True)


def drive(site: Path, driver: str, seconds: float = 300) -> dict[str, Any]:
    """What the driver, a page with a script, reports of the site; what is empty is left out."""
    server = serve(site, driver)
    try:
        with chromium(f"http://127.0.0.1:{server.server_port}/__driver") as browser:
            end = time.monotonic() + seconds
            while server.report is None and time.monotonic() < end:
                assert browser.poll() is None, f"{CHROMIUM} ended with {browser.returncode}"
                time.sleep(0.05)
        assert server.report is not None, f"the browser did not report within {seconds} s"
        faults = {page: found for page, found in server.report.items() if found}
        if server.missing:
            faults["requests for files that are not there"] = sorted(set(server.missing))
        return faults
    finally:
        server.shutdown()
        server.server_close()


def need_browser() -> None:
    if CHROMIUM is None:
        reason = "no chromium or chrome found; install it, or name it in RUNGS_CHROMIUM"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
