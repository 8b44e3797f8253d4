"""The page, and what it is made of: files of this package, and two small libraries in it. Nothing comes from elsewhere.

The scripts are plain ones, in order, not modules: a page that is opened from disk may not load modules. They share one object, `explorer`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import importlib.resources
from functools import cache
from typing import Final

from kubecheck.cli.output import json_bytes
from kubecheck.spec.visible import visible

SCRIPTS: Final = (
    "vendor/preact.min.umd.js",
    "vendor/htm.umd.js",
    "words.js",
    "source.js",
    "place.js",
    "picture.js",
    "parts.js",
    "lanes.js",
    "panels.js",
    "app.js",
)
STYLES: Final = ("page.css", "picture.css")
ASSETS: Final = (*SCRIPTS, *STYLES)

# Only what this server sends is run or loaded, and no text is ever made into code.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M3 8h4M9 4l4 0M9 12h4M7 8l2-4M7 8l2 4' "
    "stroke='%230072b2' stroke-width='2' fill='none'/%3E%3C/svg%3E"
)


@cache
def asset(name: str) -> str:
    """One of ASSETS as text. Raises KeyError for any other name."""
    if name not in ASSETS:
        raise KeyError(name)
    return importlib.resources.files(__package__).joinpath("assets").joinpath(*name.split("/")).read_text("utf-8")


def served_page(title: str) -> str:
    """The page that the server sends; it asks for everything else."""
    styles = "".join(f'<link rel="stylesheet" href="/assets/{name}">\n' for name in STYLES)
    scripts = "".join(f'<script defer src="/assets/{name}"></script>\n' for name in SCRIPTS)
    return _page(title, head=styles, foot=scripts)


def exported_page(title: str, data: object) -> str:
    """The page as one file, with all that it needs; `data` is what the server would be asked for.

    Its policy names the digest of every script, and allows no connection at all.
    """
    text = json_bytes(data, shown=True).decode()
    # as JSON in a script element: no end tag and no comment may be seen in it
    payload = f"explorer_data = {text.replace('<', chr(92) + 'u003c')};"
    codes = [payload, *(asset(name).replace("</script", "<\\/script") for name in SCRIPTS)]
    styles = [asset(name) for name in STYLES]
    policy = (
        f"default-src 'none'; script-src {_sources(codes)}; style-src {_sources(styles)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n'
    head += "".join(f"<style>{text}</style>\n" for text in styles)
    return _page(title, head=head, foot="".join(f"<script>{code}</script>\n" for code in codes))


def _page(title: str, *, head: str, foot: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{head}<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="{_ICON}">
<title>{html.escape(visible(title))} - kubecheck explore</title>
</head>
<body>
<div id="page"><noscript>This page needs JavaScript; it loads nothing from anywhere else.</noscript></div>
{foot}</body>
</html>
"""


def _sources(texts: list[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
