"""`tito export [NN]`: write lessons into `tinytorch/`, by the same tested way as `complete`.

Without a number: every lesson in order that is not blank. `--no-test` writes and records nothing
else; it is for authors, who test the course by other means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

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
            "--no-test", action="store_true", help="write only: no tests, nothing is recorded"
        )
        parser.add_argument("--json", action="store_true", help="print JSON, for graders")

    def run(self, args: argparse.Namespace) -> int:
        if args.no_test:
            return self._write_only(self._chosen(args.module), as_json=args.json)
        if args.module is not None:
            from tito.commands._completing import complete_and_show

            return complete_and_show(self, args.module, self._check_milestone_unlocks, args.json)
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
            return True  # what is wrong with it is said when its turn comes

    def _export_all(self, *, as_json: bool) -> int:
        """In order, up to the first that does not pass."""
        from tito.commands import _completing as completing
        from tito.workflows.status import next_step, standings

        results: list[Completion] = []
        try:
            self._complete_in_order(results, as_json=as_json)
        except TitoError as error:
            error.so_far = self._as_json(results)
            raise
        failed = next((result for result in results if not result.done), None)
        if as_json:
            self.world.emit_json(self._as_json(results))
        elif failed is not None:
            completing.show_failure(self, failed)
        else:
            if not results:
                self.say("Every lesson is still blank: there is nothing to export.")
            self.next_step(*next_step(standings(self.workspace)))
        return failed.checklist.report.exit_code if failed is not None else 0

    def _complete_in_order(self, results: list[Completion], *, as_json: bool) -> None:
        """Adds to `results` as it goes, so that they are known however it ends."""
        from tito.commands import _completing as completing
        from tito.views.checklist import summary

        for module in self._chosen(None):
            result, announcement = completing.run(self, module.name, self._check_milestone_unlocks)
            results.append(result)
            if not result.done:
                break
            if not as_json:
                done = self.world.symbols.done
                self.say(f"{done} {module.name}: {summary(result.checklist)}", style="green")
                completing.announce(self, announcement)

    def _as_json(self, results: list[Completion]) -> dict[str, object]:
        from tito.commands import _completing as completing

        return {"modules": [completing.result_json(self, result) for result in results]}

    def _write_only(self, modules: list[Module], *, as_json: bool) -> int:
        from tito.views.progress import watching
        from tito.workflows.complete import export_untested

        written: list[dict[str, object]] = []
        for module in modules:
            try:
                with watching(self.world) as watcher:
                    changed = export_untested(self.workspace, module, watcher)
            except TitoError as error:
                error.so_far = {"modules": written}
                raise
            written.append({"module": module.name, "exported": list(changed)})
            if as_json:
                continue
            what = ", ".join(f"tinytorch/{name}" for name in changed) or "nothing to change"
            self.say(f"{module.name}: {what}")
        if as_json:
            self.world.emit_json({"modules": written})
            return 0
        self.say("Written without tests; nothing was recorded.")
        self.next_step("tito module status")
        return 0

    def _check_milestone_unlocks(
        self, module_name: str, evidence: dict[str, Any] | None = None
    ) -> dict[str, list[str]]:
        """Simple wrapper: the milestone tracker does all the work."""
        from tito.core.milestones.tracker import check_module_export

        return check_module_export(self.workspace, module_name, self.console, evidence)
