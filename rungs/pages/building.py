"""Build the site with MkDocs, and serve it on this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from rungs.errors import Failed, RungsError
from utils.chapters import ROOT


def build(out: Path | None = None) -> Path:
    """Build the site into `out`, by default the folder site/ of the repository; a warning is a failure.

    Raises:
        RungsError: mkdocs is not installed. Failed: the build warned or failed; what it said stands above.
    """
    _require_mkdocs()
    import logging

    from mkdocs.commands.build import build as mkdocs_build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, MkDocsException

    site = out or ROOT / "site"
    log, handler = logging.getLogger("mkdocs"), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    log.addHandler(handler)
    try:
        mkdocs_build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site), strict=True))
    except (Abort, MkDocsException) as error:
        raise Failed(f"the site was not built: {error}") from None
    finally:
        log.removeHandler(handler)
    print(f"Built {site / 'index.html'}; it can be opened from there, without a server.")
    return site


def serve(port: int = 8000) -> None:
    """Build the site, serve it on this machine, and build again whenever a file changes; Ctrl-C ends it."""
    _require_mkdocs()
    import logging

    from mkdocs.commands.serve import serve as mkdocs_serve
    from mkdocs.exceptions import Abort, MkDocsException

    try:  # before the build, which takes a while
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        raise RungsError(f"port {port} cannot be used ({error.strerror}); try: rungs site --port {port + 1}") from None
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        mkdocs_serve(str(ROOT / "mkdocs.yml"), dev_addr=f"127.0.0.1:{port}")
    except (Abort, MkDocsException) as error:
        raise Failed(f"the site was not built: {error}") from None


def _require_mkdocs() -> None:
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # a notice about 2027 that no reader can act on
    try:
        import material  # noqa: F401
        import mkdocs  # noqa: F401
    except ModuleNotFoundError as error:
        raise RungsError(
            f"the site needs {error.name}, which is not installed; make .venv/.ready installs it (Python 3.11.5 or newer)"
        ) from None
