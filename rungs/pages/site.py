"""`rungs site`: the site, served on this machine or built into a folder."""

from __future__ import annotations

from typing import Annotated

import typer

from rungs.pages import building

EXAMPLE = "rungs site --build"


def site(
    build: Annotated[bool, typer.Option("--build", help="Only build it, into site/; fails on any warning.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on.")] = 8000,
) -> None:
    """Build the site and serve it on this machine."""
    if build:
        building.build()
    else:
        building.serve(port=port)
