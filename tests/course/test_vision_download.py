"""Downloads of module 05's datasets, against a web server of our own that misbehaves on request."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
IMAGES = NAMES[0]

SCRIPT = """
import json, sys
from tinytorch.vision import datasets

class MNIST(datasets.MNIST):
    mirrors, files = {mirrors!r}, {files!r}

{before}
try:
    data = MNIST({root!r}, download=True)
    print(json.dumps([len(data), data[5][1], int(data[5][0].sum())]))
except (RuntimeError, ImportError) as error:
    print(json.dumps(type(error).__name__ + ": " + str(error)))
"""

Fetch = Callable[..., Any]


def idx(array: np.ndarray) -> bytes:
    """A packed IDX file of bytes. The images are noise, so that packing does not shrink them."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes(), mtime=0)


def contents() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (400, 28, 28), "u1"), rng.integers(0, 10, 400, "u1")
    return {name: idx(images if "images" in name else labels) for name in NAMES}


class Server(ThreadingHTTPServer):
    """Serves `files` below any folder, and remembers what it was asked for.

    `/broken/` breaks each answer off in the middle, `/once/` the first one of each file,
    `/wrong/` sends another file of the same length, `/whole/` knows no ranges.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = contents()
        self.asked: list[tuple[str, str | None]] = []

    def url(self, folder: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{folder}/"

    def starts(self, name: str) -> list[str | None]:
        """The ranges that were asked for, of one file."""
        return [span for path, span in self.asked if path.endswith(name)]


class Answer(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        _, folder, name = self.path.split("/")
        first = not self.server.starts(self.path)
        span = self.headers.get("Range")
        self.server.asked.append((self.path, span))
        body = self.server.files.get(name)
        if body is None or folder == "none":
            self.send_error(404)
            return
        if folder == "wrong":
            body = bytes(len(body))
        start = int(span.split("=")[1].rstrip("-")) if span and folder != "whole" else None
        self.send(body, start, folder == "broken" or (folder in ("once", "whole") and first))

    def send(self, body: bytes, start: int | None, breaks: bool) -> None:
        rest = body[start or 0 :]
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: len(rest) // 2] if breaks else rest)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(server: Server, solved: Any, run: Any, tmp_path: Path) -> Fetch:
    """Download from these folders of the server: what the script printed, as JSON."""
    sums = tuple((name, hashlib.md5(raw).hexdigest()) for name, raw in server.files.items())

    def call(*folders: str, before: str = "") -> Any:
        mirrors = tuple(map(server.url, folders))
        code = SCRIPT.format(mirrors=mirrors, files=sums, root=str(tmp_path), before=before)
        done: subprocess.CompletedProcess[str] = run("-c", code, cwd=solved.root)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return call


def expected(server: Server) -> list[int]:
    images, labels = (gzip.decompress(server.files[name]) for name in NAMES[:2])
    return [400, labels[8 + 5], sum(images[16 + 5 * 784 : 16 + 6 * 784])]


def raw_folder(tmp_path: Path) -> Path:
    return tmp_path / "MNIST" / "raw"


def test_all_files_arrive_and_are_not_fetched_again(server, fetch):
    assert fetch("good") == expected(server)
    assert len(server.asked) == 4
    assert fetch("good") == expected(server)
    assert len(server.asked) == 4


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(server, fetch, tmp_path):
    assert fetch("once") == expected(server)
    first, second = server.starts(IMAGES)
    assert first == "bytes=0-"
    arrived = int(second.removeprefix("bytes=").rstrip("-"))
    assert 0 < arrived <= len(server.files[IMAGES]) // 2
    assert not list(raw_folder(tmp_path).glob("*.part"))


def test_a_server_without_ranges_sends_all_of_it_again(server, fetch):
    assert fetch("whole") == expected(server)
    assert len(server.starts(IMAGES)) == 2


def test_what_has_arrived_is_kept_for_the_next_call(server, fetch, tmp_path):
    sentence = fetch("broken")
    assert sentence.startswith("RuntimeError: Error downloading " + IMAGES), sentence
    assert not (raw_folder(tmp_path) / IMAGES).exists()
    kept = (raw_folder(tmp_path) / f"{IMAGES}.part").stat().st_size
    assert 0 < kept < len(server.files[IMAGES])
    server.asked.clear()
    assert fetch("good") == expected(server)
    assert server.starts(IMAGES) == [f"bytes={kept}-"]


def test_the_next_mirror_is_asked(server, fetch):
    assert fetch("none", "good") == expected(server)


def test_a_wrong_checksum_is_never_kept(server, fetch, tmp_path):
    sentence = fetch("wrong")
    assert sentence.startswith("RuntimeError: Error downloading " + IMAGES), sentence
    assert "wrong checksum" in sentence
    assert server.url("wrong") in sentence
    assert not [path for path in raw_folder(tmp_path).iterdir() if path.is_file()]
    assert fetch("wrong", "good") == expected(server)


def test_without_pooch_a_sentence_names_the_extra(fetch):
    sentence = fetch("good", before="sys.modules['pooch'] = None")
    assert sentence.startswith("ImportError: ")
    assert "pip install 'tinytorch-course[data]'" in sentence
