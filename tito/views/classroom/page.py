"""One self-contained HTML file: nothing is loaded, and nothing in it can run."""

from __future__ import annotations

from html import escape

from tito.core.console import visible

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
ul { list-style: none; padding: 0; }
li { margin: .6rem 0; }
pre { overflow-x: auto; padding: .6rem; border: 1px solid #8886; border-radius: .3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8884; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.points { float: right; }
.passed .sign { color: #2a7f2a; }
.failed .sign { color: #c0392b; }
.bar { background: #8883; height: .8rem; min-width: 8rem; }
.bar i { display: block; height: 100%; background: #2a7f2a; }
"""
# Besides escaping: no script and no request, whatever a student's code may have printed.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def escaped(text: str) -> str:
    """Text for HTML; characters that control a terminal or turn the text around are shown."""
    return escape(visible(text))


def page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def bar(percent: float) -> str:
    """A bar of that many percent."""
    width = max(0.0, min(100.0, percent))
    return f'<div class="bar"><i style="width:{width:.0f}%"></i></div>'
