"""A file is replaced in one step; what goes wrong leaves the old one, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tito.core import files


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_bytes(b"old")

    def refuse(source: Path, target: Path) -> None:
        assert (source.read_bytes(), target.read_bytes()) == (b"new", b"old")
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        files.write_whole(file, b"new", refuse)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    files.write_whole(file, b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_windows_gets_a_second_try_and_others_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.time, "sleep", lambda seconds: None)
    for system, expected in (("nt", files.WINDOWS_ATTEMPTS), ("posix", 1)):
        tries = []

        def refuse(tries: list[int] = tries) -> None:
            tries.append(1)
            raise PermissionError

        monkeypatch.setattr(files, "os", type("os", (), {"name": system}))
        with pytest.raises(PermissionError):
            files.patiently(refuse)
        assert len(tries) == expected
