"""Pictures of a run for the page: the report's, twice as large."""

from __future__ import annotations

from collections.abc import Iterable

from tito.core.milestones.shown_runs import Picture
from tito.views.report.pictures import figure
from tito.views.report.style import STYLE


def large(pictures: Iterable[Picture]) -> str:
    """The pictures side by side, as HTML."""
    drawn = "".join(map(figure, pictures))
    return styled(f'<div class="pictures large">{drawn}</div>') if drawn else ""


def styled(html: str) -> str:
    """With the report's style: it reaches no further than the element that it stands in."""
    return f"<style>{STYLE}\n.large svg {{ zoom: 1.8; }}</style>{html}"
