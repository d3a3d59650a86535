"""`tito export [NN]`: write lessons into `tinytorch/`, tested like `complete`.

Without a number: every lesson in order that is not blank. `--no-test` only writes, and
records nothing; it is for authors, who test the course by other means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import TitoError

if TYPE_CHECKING:
    import argparse

    from tito.core.workspace.workspace import Module
    from tito.workflows.complete import Completion


class ExportCommand(BaseCommand):
    name: ClassVar[str] = "export"
    help: ClassVar[str] = "Test lessons and write them into tinytorch/."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "module", nargs="?", metavar="NN", help="1, 01 or 01_tensor; else every lesson"
        )
        parser.add_argument(
            "--no-test", action="store_true", help="only write: run no tests, record nothing"
        )
        parser.add_argument("--json", action="store_true", help="print JSON, for graders")

    def run(self, args: argparse.Namespace) -> int:
        if args.no_test:
            return self._write_only(self._chosen(args.module), as_json=args.json)
        if args.module is not None:
            from tito.commands.completing import complete_and_show

            return complete_and_show(self.world, args.module, as_json=args.json)
        return self._export_all(as_json=args.json)

    def _chosen(self, number: str | None) -> list[Module]:
        """The module that was named, or every module that has an answer in it."""
        if number is not None:
            return [self.workspace.resolve(number)]
        return [module for module in self.workspace.modules if self._has_answer(module)]

    def _has_answer(self, module: Module) -> bool:
        from tito.core.lesson.file import read_lesson

        try:
            return not read_lesson(self.workspace, module).lesson.is_untouched
        except TitoError:
            return True  # reported when it is exported

    def _export_all(self, *, as_json: bool) -> int:
        """Complete the modules in order; stop at the first that does not pass."""
        from tito.views.completion import show_failure
        from tito.workflows.status import next_step, status

        results: list[Completion] = []
        try:
            self._complete_in_order(results, as_json=as_json)
        except TitoError as error:
            error.so_far = self._json_of(results)
            raise
        failed = next((result for result in results if not result.done), None)
        if as_json:
            self.world.emit_json(self._json_of(results))
        elif failed is not None:
            show_failure(self.world, failed)
        else:
            if not results:
                self.world.say("Every lesson is still blank: there is nothing to export.")
            self.world.next_step(*next_step(status(self.world)))
        return failed.checklist.report.exit_code if failed is not None else 0

    def _complete_in_order(self, results: list[Completion], *, as_json: bool) -> None:
        """Complete each module and append to `results`, so that an error does not lose them."""
        from tito.views.checklist import summary
        from tito.views.progress import watching
        from tito.workflows.complete import complete

        for module in self._chosen(None):
            with watching(self.world) as watcher:
                result = complete(self.world, module, watcher)
            results.append(result)
            if not result.done:
                break
            if not as_json:
                done = self.world.symbols.done
                self.world.say(f"{done} {module.name}: {summary(result.checklist)}", style="green")
                self.world.tracker.show_unlocks(result.unlocks, self.console)

    def _json_of(self, results: list[Completion]) -> dict[str, object]:
        from tito.views.as_json import exports_json
        from tito.workflows.status import next_step, status

        return exports_json(results, next_step(status(self.world)))

    def _write_only(self, modules: list[Module], *, as_json: bool) -> int:
        from tito.views.progress import watching
        from tito.workflows.complete import export_untested

        written: list[dict[str, object]] = []
        for module in modules:
            try:
                with watching(self.world) as watcher:
                    changed = export_untested(self.world, module, watcher)
            except TitoError as error:
                error.so_far = {"modules": written}
                raise
            written.append({"module": module.name, "exported": list(changed)})
            if not as_json:
                what = ", ".join(f"tinytorch/{name}" for name in changed) or "nothing to change"
                self.world.say(f"{module.name}: {what}")
        if as_json:
            self.world.emit_json({"modules": written})
        else:
            self.world.say("Written without tests; nothing was recorded.")
            self.world.next_step("tito module status")
        return 0
