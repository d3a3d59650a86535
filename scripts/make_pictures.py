"""Writes the README's pictures from real runs: docs/milestone.svg and docs/show.png.

    python scripts/make_pictures.py WORKSPACE

The workspace has a learned `mlp_digits`. The second picture needs the extra `show`, Playwright and
Chromium: the page of `tito show`, on which a digit is drawn with the mouse.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from tito.core.milestones.progress_events import read_event
from tito.core.milestones.runs import KeptRun, kept_runs
from tito.core.workspace.workspace import Workspace
from tito.views.curves import BRAILLE
from tito.views.milestone import curve_lines, show_pictures

DOCS = Path(__file__).parents[1] / "docs"
SEVEN = [(0.42, 0.22), (0.70, 0.22), (0.66, 0.40), (0.58, 0.60), (0.52, 0.80)]  # of the canvas


def terminal(run: KeptRun) -> None:
    """What the terminal shows after a run, as rich's SVG export."""
    console = Console(
        record=True, force_terminal=True, color_system="truecolor", width=80, file=io.StringIO()
    )
    console.print(f"$ tito milestone run {run.milestone}", style="bold")
    show_pictures(console, run.data["pictures"])
    events = [event for raw in run.data["events"] if (event := read_event(raw))]
    for text, style in curve_lines(events, BRAILLE, 80):
        console.print(text, style=style or None, markup=False, highlight=False)
    console.save_svg(str(DOCS / "milestone.svg"), title=run.data["name"])


def page(workspace: Path) -> None:
    """The page of `tito show`, with a digit drawn on it."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "tito", "show", "--no-browser"]
    server = subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = next(m[0] for line in server.stdout if (m := re.search(r"http://\S+", line)))
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            tab = chromium.new_page(viewport={"width": 1100, "height": 640})
            tab.goto(url)
            tab.get_by_text("Draw", exact=False).first.click()
            box = settled(tab.locator("canvas:visible").first)
            spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
            tab.mouse.move(*spots[0])
            tab.mouse.down()
            for spot in spots[1:]:
                tab.mouse.move(*spot, steps=8)
            tab.mouse.up()
            time.sleep(2)
            tab.screenshot(path=DOCS / "show.png")
            chromium.close()
    finally:
        server.terminate()


def settled(element: Any) -> dict[str, float]:
    """Where an element is, once it has not moved for a few seconds: a layout takes its time."""
    box, same = None, 0
    while same < 6 or box is None:
        time.sleep(0.5)
        before, box = box, element.bounding_box()
        same = same + 1 if box == before else 0
    return dict(box)


if __name__ == "__main__":
    place = Path(sys.argv[1]).resolve()
    terminal(kept_runs(Workspace(place), "mlp_digits")[0])
    page(place)
