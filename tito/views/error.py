"""How an error is shown: what happened, where, and the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tito.core.console import visible
from tito.core.errors import TitoError, is_command

if TYPE_CHECKING:
    from rich.console import Console


def show_error(error: TitoError, console: Console) -> None:
    console.print(visible(error.message), style="bold red", markup=False, highlight=False)
    if error.where:
        console.print(f"  at {visible(error.where)}", markup=False, highlight=False, soft_wrap=True)
    if error.excerpt:
        shown = f"\n{visible(error.excerpt)}\n"
        console.print(shown, markup=False, highlight=False, soft_wrap=True)
    if error.hint:
        whole = is_command(error.hint)
        text = f"{'Next' if whole else 'Try'}: {error.hint}"
        console.print(text, style="bold", markup=False, highlight=False, soft_wrap=whole)


def error_json(error: TitoError) -> dict[str, Any]:
    """The error as JSON, instead of a result, with what was done before it."""
    return {"outcome": error.outcome, **error.so_far, "error": error.as_json()}
