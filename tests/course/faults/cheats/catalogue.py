"""All cheats, in the order of their kinds."""

from __future__ import annotations

from tests.course.faults.cheats import chosen, judging, numbers, objects, planted, report, runner
from tests.course.faults.cheats.cheat import Cheat

FILES = (report, runner, objects, numbers, planted, judging, chosen)
CHEATS: list[Cheat] = [cheat for file in FILES for cheat in file.CHEATS]
