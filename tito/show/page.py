"""The page: five tabs, which look at the workspace again while it is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bokeh.document import Document
from bokeh.models import LayoutDOM, TabPanel, Tabs

from tito.core.showing.reader import Reader
from tito.core.workspace.workspace import Workspace
from tito.show.attention import Attention
from tito.show.digit import Digit
from tito.show.graph import Graph
from tito.show.runs import Runs
from tito.show.training import Training

LIVE_MS, KEPT_MS = 300, 2_000


class Tab(Protocol):
    """What is behind one tab."""

    layout: LayoutDOM


class Page:
    """Makes the document of each browser window, and ends the processes behind them."""

    def __init__(self, workspace: Workspace, env: Mapping[str, str]) -> None:
        self._workspace, self._env = workspace, env
        self._readers: set[Reader] = set()

    def make(self, doc: Document) -> None:
        """Fill the document of one window."""
        # Two, so that a text need not wait for a drawing.
        reader, of_texts = (Reader(self._workspace, self._env) for _ in range(2))
        self._readers |= {reader, of_texts}
        training, runs = Training(self._workspace), Runs(self._workspace)
        digit, graph = Digit(self._workspace, doc, reader), Graph(doc, reader)
        attention = Attention(self._workspace, doc, of_texts)
        tabs: dict[str, Tab] = {
            "Training": training,
            "Draw a digit": digit,
            "Attention": attention,
            "Runs": runs,
            "Graph": graph,
        }
        panels = [TabPanel(child=tab.layout, title=title) for title, tab in tabs.items()]
        doc.title = "My TinyTorch"
        doc.add_root(Tabs(tabs=panels, margin=16))
        doc.add_periodic_callback(training.tick, LIVE_MS)
        doc.add_periodic_callback(runs.tick, KEPT_MS)
        doc.add_periodic_callback(digit.tick, KEPT_MS)
        doc.add_periodic_callback(attention.tick, KEPT_MS)

        def closed(_: object) -> None:
            for tab in (digit, graph, attention):
                tab.close()
            for each in (reader, of_texts):
                self._end(each)

        doc.on_session_destroyed(closed)

    def close(self) -> None:
        """End every process."""
        for reader in list(self._readers):
            self._end(reader)

    def _end(self, reader: Reader) -> None:
        self._readers.discard(reader)
        reader.close()
