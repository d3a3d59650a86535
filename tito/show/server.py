"""A web server for this machine and this page only.

It is bound to 127.0.0.1. A page of another site could still send requests to it, through the
browser: by its address (the Origin of a websocket is checked) or by a name that is made to point to
127.0.0.1 (the Host of every request is checked).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.util import bind_sockets
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import ErrorHandler

ADDRESS = "127.0.0.1"


class OnlyHere(BokehTornado):  # type: ignore[misc]  # it is an Any for mypy
    """Bokeh's application, which answers only if it is called by the names of this machine."""

    hosts: frozenset[str] = frozenset()

    def find_handler(self, request: Any, **options: Any) -> Any:
        if request.host not in self.hosts:
            return self.get_handler_delegate(request, ErrorHandler, {"status_code": 403})
        return super().find_handler(request, **options)


class LocalServer:
    """Serves one page; every browser window gets a document of its own."""

    def __init__(self, make_page: Callable[[Document], None], port: int = 0) -> None:
        """Take the port; 0 is any that is free. Raises OSError if it is taken."""
        logging.getLogger("tornado.access").setLevel(logging.ERROR)
        sockets, self.port = bind_sockets(ADDRESS, port)
        hosts = [f"{ADDRESS}:{self.port}", f"localhost:{self.port}"]
        application = OnlyHere(make_page, extra_websocket_origins=hosts)
        application.hosts = frozenset(hosts)
        http = HTTPServer(application)
        http.add_sockets(sockets)
        self._loop = IOLoop.current()
        self._server = BaseServer(self._loop, application, http)

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}/"

    def serve(self) -> None:
        """Answer until KeyboardInterrupt, then close the port."""
        self._server.start()
        try:
            self._loop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self._server.unlisten()
            self._server.stop(wait=False)
