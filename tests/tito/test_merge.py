"""The three-way merge of a lesson: the course's changes arrive, the student's answers stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.core.lesson.lesson import Lesson, LessonError
from tito.core.lesson.merge import REMOVED, Merged, merge
from tito.core.lesson.three_way import merged_lines

STUB = 'raise NotImplementedError("Task 1.1: double")'
BLANK = f'''\
# %% [markdown]
# # Module 01: Numbers

# %%
#| default_exp numbers

# %% [markdown]
# ## Task 1.1: double
#
# Twice as much.

# %%
#| export
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    {STUB}
    ### END SOLUTION


# %%
print("try it")

# %% [markdown]
# ## Task 1.2: half

# %%
#| export
def half(x):
    ### BEGIN SOLUTION
    raise NotImplementedError("Task 1.2: half")
    ### END SOLUTION
'''
ANSWERED = BLANK.replace(STUB, "return x + x  # mine")


def merged(base: str | None, new: str, mine: str) -> Merged:
    return merge(Lesson(base, "") if base else None, Lesson(new, ""), Lesson(mine, ""))


def test_what_only_the_course_changed_arrives_and_the_answer_stays() -> None:
    new = BLANK.replace('"""Twice x."""', '"""Return 2 x."""').replace("Twice as", "Two times as")
    found = merged(BLANK, new, ANSWERED)
    assert found.text == new.replace(STUB, "return x + x  # mine")
    assert (found.taken, found.conflicts) == (2, ())


def test_what_only_the_student_changed_stays() -> None:
    mine = ANSWERED.replace('print("try it")', "print(double(3))") + "\n# %%\nprint(half(2))\n"
    found = merged(BLANK, BLANK, mine)
    assert (found.text, found.taken, found.conflicts) == (mine, 0, ())


def test_of_a_cell_that_both_changed_the_students_stays_and_is_reported() -> None:
    mine = ANSWERED.replace('print("try it")', 'print("mine")')
    new = BLANK.replace('print("try it")', 'print("new")').replace("Twice as", "Two times as")
    found = merged(BLANK, new, mine)
    assert 'print("mine")' in found.text
    assert 'print("new")' not in found.text
    assert "Two times as" in found.text
    (conflict,) = found.conflicts
    assert found.text.split("\n")[conflict.line] == 'print("mine")'  # below the cell's marker
    assert 'print("new")' in conflict.new


def test_different_lines_of_one_cell_are_merged() -> None:
    body = "# %%\na = 1\nb = 2\nc = 3\n"
    base, mine = BLANK + body, ANSWERED + body.replace("a = 1", "a = 100")
    found = merged(base, BLANK + body.replace("c = 3", "c = 300"), mine)
    assert found.text.endswith("a = 100\nb = 2\nc = 300\n")
    assert found.conflicts == ()


def test_a_merge_by_lines_that_is_no_python_is_not_done() -> None:
    """Each side alone is valid; together the string would not be closed."""
    base = BLANK + "# %%\na = 1\nx = 0\nb = 2\ny = 0\nc = 3\n"
    mine = base.replace("a = 1\n", 'a = """\n').replace("c = 3\n", 'c = """\n')
    new = base.replace("b = 2\n", 'b = """2"""\n')
    found = merged(base, new, mine)
    compile(found.text, "lesson", "exec")
    assert found.text == mine
    assert len(found.conflicts) == 1


def test_a_task_with_a_new_number_keeps_its_answer() -> None:
    added = "# %% [markdown]\n# ## Task 1.1: same\n\n# %%\n#| export\ndef same(x):\n"
    stub = '    ### BEGIN SOLUTION\n    raise NotImplementedError("Task 1.1: same")\n'
    moved = BLANK.replace("Task 1.2", "Task 1.3").replace("Task 1.1", "Task 1.2")
    new = moved.replace(
        "# %% [markdown]\n# ## Task 1.2", f"{added}{stub}    ### END SOLUTION\n\n\n\\g<0>"
    ).replace("\\g<0>", "# %% [markdown]\n# ## Task 1.2", 1)
    found = merged(BLANK, new, ANSWERED)
    tasks = Lesson(found.text, "").tasks
    assert [task.number for task in tasks] == ["1.1", "1.2", "1.3"]
    assert Lesson(found.text, "").answer(tasks[1]) == ["return x + x  # mine"]
    assert 'NotImplementedError("Task 1.3: half")' in found.text
    assert found.conflicts == ()


def test_an_answer_to_a_task_that_the_course_removed_stays() -> None:
    new = (
        BLANK[: BLANK.index("# %% [markdown]\n# ## Task 1.1")]
        + BLANK[BLANK.index("# %% [markdown]\n# ## Task 1.2") :]
    )
    new = new.replace("try it", "try them")
    found = merged(BLANK, new, ANSWERED)
    assert "return x + x  # mine" in found.text
    assert [conflict.reason for conflict in found.conflicts] == [REMOVED]
    assert "return x + x" not in merged(BLANK, new, BLANK).text


def test_without_a_base_nothing_of_the_students_is_replaced() -> None:
    mine = ANSWERED.replace('print("try it")', 'print("mine")')
    new = BLANK + "\n# %%\nprint('one more')\n"
    found = merged(None, new, mine)
    assert 'print("mine")' in found.text
    assert "return x + x  # mine" in found.text
    assert "one more" in found.text
    assert len(found.conflicts) == 1


def test_a_marker_without_partner_is_an_error() -> None:
    with pytest.raises(LessonError, match="has no"):
        merged(BLANK, BLANK, BLANK.replace("    ### END SOLUTION\n", "", 1))


def test_lines_that_both_changed_are_not_merged() -> None:
    assert merged_lines(["a", "b", "c"], ["a", "x", "c"], ["a", "y", "c"]) is None
    assert merged_lines(["a", "b", "c"], ["A", "b", "c"], ["a", "b", "C"]) == ["A", "b", "C"]


CELLS = st.lists(st.sampled_from(["a = 1", "b = 2", "c = 3", "d = 4", "e = 5"]), max_size=6)


def lesson(cells: list[str], answer: str) -> str:
    whole = "".join(f"# %%\n{cell}\n\n" for cell in cells)
    return BLANK.replace(STUB, answer) + "\n" + whole


@given(CELLS, CELLS, CELLS)
def test_merging_keeps_the_answer_and_one_sided_changes(
    base: list[str], new: list[str], mine: list[str]
) -> None:
    answer = "return 2 * x"
    found = merged(lesson(base, STUB), lesson(new, STUB), lesson(mine, answer))
    assert found.text.count(answer) == 1
    compile(found.text, "lesson", "exec")
    alone = merged(lesson(base, STUB), lesson(new, STUB), lesson(base, answer))
    assert alone.text.split() == lesson(new, answer).split()
    assert alone.conflicts == ()
