"""What a screen reader and a keyboard need, and the theme leaves out."""

from __future__ import annotations

import re

DIALOG = '<div class="md-search" data-md-component="search" role="dialog"'
EMPTY_HEAD = re.compile(r"<thead>\s*<tr>\s*(?:<th(?: [^>]*)?>\s*</th>\s*)+</tr>\s*</thead>\s*")
INNER_NAV = re.compile(r'<nav class="md-nav" data-md-level="[1-9]"')
LINE_LINK = re.compile(r'<a (?:id="[^"]*" name="[^"]*" )?href="#__codelineno-[\d-]+"(?=>)')


def without_empty_heads(content: str) -> str:
    """Tables without the header row that Markdown asks for, where all of its cells are empty."""
    return EMPTY_HEAD.sub("", content)


def name_parts(output: str) -> str:
    """Name the search dialog, and take the empty links of line numbers out of the order of the tab key."""
    output = output.replace(DIALOG, f'{DIALOG} aria-label="Search"')
    output = INNER_NAV.sub(lambda nav: f'{nav[0]} role="group"', output)  # the whole navigation is one landmark
    return LINE_LINK.sub(lambda link: f'{link[0]} tabindex="-1" aria-hidden="true"', output)
