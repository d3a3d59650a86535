"""`tito show`: a page of this machine on which the student's network can be watched and tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import MachineError, UsageError
from tito.core.python import import_extra

if TYPE_CHECKING:
    import argparse

    from tito.show.page import Page
    from tito.show.server import LocalServer

LARGEST_PORT = 65_535


class ShowCommand(BaseCommand):
    """Serves until Ctrl-C."""

    name: ClassVar[str] = "show"
    help: ClassVar[str] = (
        "A local page: training live, runs compared, draw a digit that your own network reads."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--no-browser", action="store_true", help="only print the address")
        parser.add_argument(
            "--port", type=int, default=0, metavar="N", help="default: any that is free"
        )

    def run(self, args: argparse.Namespace) -> int:
        if not 0 <= args.port <= LARGEST_PORT:
            raise UsageError(f"{args.port} is no port.", hint="tito show --help")
        workspace = self.workspace  # first: without one, nothing has to be installed
        import_extra("bokeh", extra="show", purpose="`tito show`")
        from tito.show.page import Page

        page = Page(workspace, self.world.env)
        server = self._server(page, args.port)
        self.world.say_whole(f"Your network is at {server.url}  (Ctrl-C closes it)")
        self.world.stdout.flush()
        if not args.no_browser:
            import webbrowser

            webbrowser.open(server.url)
        self._serve(server, page)
        self.world.say("\nClosed.")
        self.world.next_step("tito report --html report.html", "to keep it as a file")
        return 0

    def _server(self, page: Page, port: int) -> LocalServer:
        from tito.show.server import LocalServer

        try:
            return LocalServer(page.make, port)
        except OSError as error:
            raise MachineError(
                f"Port {port} is taken: {error.strerror or error}.", hint="tito show"
            ) from error

    def _serve(self, server: LocalServer, page: Page) -> None:
        from tito.core.process import terminate_as_interrupt

        try:
            with terminate_as_interrupt():
                server.serve()
        finally:
            page.close()
