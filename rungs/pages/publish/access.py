"""What a screen reader and a keyboard need, and the theme leaves out."""

from __future__ import annotations

import re

DIALOG = '<div class="md-search" data-md-component="search" role="dialog"'
LINE_LINK = re.compile(r'<a (?:id="[^"]*" name="[^"]*" )?href="#__codelineno-[\d-]+"(?=>)')


def name_parts(output: str) -> str:
    """Name the search dialog, and take the empty links of line numbers out of the order of the tab key."""
    output = output.replace(DIALOG, f'{DIALOG} aria-label="Search"')
    return LINE_LINK.sub(lambda link: f'{link[0]} tabindex="-1" aria-hidden="true"', output)
