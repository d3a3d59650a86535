"""HTML and SVG as text. Every text and number that goes in is escaped or formatted here."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any

INK, BLUE, ORANGE, GREY = "#1b1f24", "#2166ac", "#d6604d", "#8a929c"
GREEN, LIGHT = "#1a7f37", "#a8d5b3"


def text(value: object) -> str:
    """Any value as text of an element or of an attribute."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in str(value))
    return html.escape(shown, quote=True)


def tag(name: str, *inside: str, **attributes: object) -> str:
    """`tag("td", text(x), class_="number")`: what is inside is markup already."""
    given = "".join(f' {key(word)}="{text(value)}"' for word, value in attributes.items())
    return f"<{name}{given}>{''.join(inside)}</{name}>"


def key(word: str) -> str:
    return word if word == "viewBox" else word.rstrip("_").replace("_", "-")


def svg(width: float, height: float, *inside: str, label: str = "", zoom: float = 1.0) -> str:
    """A drawing that scales with the page; `label` is read aloud in place of it."""
    box = f"0 0 {place(width)} {place(height)}"
    return tag(
        "svg",
        tag("title", text(label)) if label else "",
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=box,
        width=place(width * zoom),
        height=place(height * zoom),
        role="img",
    )


def rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    size = {"width": place(width), "height": place(height)}
    return tag("rect", x=place(x), y=place(y), fill=fill, **size)


def words(x: float, y: float, said: object, anchor: str = "start", fill: str = INK) -> str:
    return tag("text", text(said), x=place(x), y=place(y), text_anchor=anchor, fill=fill)


def line(points: Iterable[tuple[float, float]], color: str, width: float = 1.5) -> str:
    path = " ".join(f"{place(x)},{place(y)}" for x, y in points)
    return tag("polyline", points=path, fill="none", stroke=color, stroke_width=width)


def place(value: float) -> str:
    """A coordinate: short, and never NaN."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], **attributes: object) -> str:
    """A table of texts, which are escaped here."""
    top = tag("tr", *(tag("th", text(cell)) for cell in head))
    body = (tag("tr", *(tag("td", text(cell)) for cell in row)) for row in rows)
    return tag("table", tag("thead", top), tag("tbody", *body), **attributes)


# ------------------------------------------------------------------------- numbers and colours


def grid(raw: Any, most: int = 128) -> list[list[float]]:
    """Rows of finite numbers, equally long, at most `most` each way; empty if it is none."""
    rows = [row for row in raw if isinstance(row, list)][:most] if isinstance(raw, list) else []
    width = min((len(row) for row in rows), default=0)
    return [[finite(value) for value in row[: min(width, most)]] for row in rows] if width else []


def finite(value: Any) -> float:
    """The number, or 0 for what is none: a picture has to have a colour there."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
    return float(value) if good else 0.0


def grey(value: float) -> str:
    """0 is paper, 1 is ink."""
    level = round(255 * (1 - min(max(value, 0.0), 1.0)))
    return f"#{level:02x}{level:02x}{level:02x}"


def signed(value: float, largest: float) -> str:
    """Orange below zero, white at zero, blue above."""
    share = min(max(value / (largest or 1.0), -1.0), 1.0)
    end = (33, 102, 172) if share > 0 else (214, 96, 77)
    return "#" + "".join(f"{round(255 + (c - 255) * abs(share)):02x}" for c in end)
