"""`tito show` in a real browser, and what stands behind its page."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tito.kept_run import PICTURES, keep_run
from tito.core.milestones.live import LiveLog, live_file, live_run
from tito.core.milestones.progress_events import TrainingEvent
from tito.core.showing.reader import Reader
from tito.core.showing.strokes import pixels
from tito.core.workspace.workspace import Workspace

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWN = [(0.5, 0.9), (0.5, 0.1)]
TOP_BAR, LOW_BAR = [(0.2, 0.9), (0.8, 0.9)], [(0.2, 0.1), (0.8, 0.1)]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Path:
    """A solved workspace of the real course, with a network that was made by hand."""
    root = tmp_path_factory.mktemp("show") / "work"
    env = {**os.environ, "PYTHONPATH": str(repo)}
    command = [sys.executable, "-m", "tito", "init", str(root), "--solved"]
    subprocess.run(command, env=env, check=True, capture_output=True)
    write_weights(keep_run(root, "mlp_digits", name="1989 - Digits"), reader_of_bars())
    write_weights(keep_run(root, "transformer", name="2017 - Transformer"), even_attention())
    return root


def reader_of_bars() -> dict[str, list[Any]]:
    """A network that reads 7 where the upper half has more ink, and 1 where the lower half has."""
    first, second = [[0.0] * 64 for _ in range(32)], [[0.0] * 32 for _ in range(10)]
    first[0], first[1] = [1.0] * 32 + [0.0] * 32, [0.0] * 32 + [1.0] * 32
    second[7][0], second[1][1] = 1.0, 1.0
    return {"0.weight": first, "0.bias": [0.0] * 32, "2.weight": second, "2.bias": [0.0] * 10}


def even_attention() -> dict[str, list[Any]]:
    """A transformer that looks at everything before it alike, and always writes 4."""
    shapes = {"tokens.weight": (11, 32), "positions.weight": (16, 32), "scores.weight": (10, 32),
              "attention.in_proj_weight": (96, 32), "attention.out_proj.weight": (32, 32),
              "up.weight": (64, 32), "down.weight": (32, 64)}  # fmt: skip
    sizes = {"attention.in_proj_bias": 96, "attention.out_proj.bias": 32, "up.bias": 64,
             "down.bias": 32}  # fmt: skip
    tables = {name: [[0.0] * width for _ in range(rows)] for name, (rows, width) in shapes.items()}
    biases = {name: [0.0] * size for name, size in sizes.items()}
    return {**tables, **biases, "scores.bias": [float(n == 4) for n in range(10)]}


def write_weights(folder: Path, values: dict[str, list[Any]]) -> None:
    header, body = {}, b""
    for name, rows in values.items():
        is_table = isinstance(rows[0], list)
        flat = [value for row in rows for value in row] if is_table else rows
        raw = struct.pack(f"<{len(flat)}f", *flat)
        shape = [len(rows), len(rows[0])] if is_table else [len(rows)]
        place = [len(body), len(body) + len(raw)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": place}
        body += raw
    head = json.dumps(header).encode()
    (folder / "weights.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + body)


# -------------------------------------------------------------------------------- behind the page


def test_a_drawing_fills_the_form_whatever_its_size() -> None:
    large = pixels([[(0.1, 0.1), (0.9, 0.9)]])
    assert large == pixels([[(0.4, 0.4), (0.7, 0.7)]])
    assert large[0][7] > 0.2 > large[0][0], "the first row is the top one"
    assert pixels([]) == [[0.0] * 8] * 8
    assert sum(map(sum, pixels([[(0.5, 0.5)]]))) > 0.5  # a dot is no division by zero


@pytest.fixture
def reader(course: Path) -> Iterator[Reader]:
    found = Reader(Workspace(course), os.environ)
    yield found
    found.close()


def test_the_students_network_reads(course: Path, reader: Reader) -> None:
    (weights,) = (course / ".tito/runs").glob("mlp_digits/*/weights.safetensors")
    assert reader.load("mlp_digits", weights) == ""
    for bar, digit in ((TOP_BAR, 7), (LOW_BAR, 1)):
        answer = reader.read(pixels([DOWN, bar]))
        shares = answer["probabilities"]
        assert shares.index(max(shares)) == digit
        assert sum(shares) == pytest.approx(1)
        assert [layer["name"] for layer in answer["layers"]] == ["Linear", "ReLU", "Linear"]


def test_the_graph_has_values_and_gradients(reader: Reader) -> None:
    nodes = reader.graph("(w * x + 1).tanh() * x", {"w": 0.0, "x": 2.0})["nodes"]
    values = {node["is"]: (node["value"], node["grad"]) for node in nodes}
    assert values["w"] == (0.0, pytest.approx(4 * (1 - 0.76159416**2), rel=1e-5))
    assert values["tanh"] == (pytest.approx(0.76159416), pytest.approx(2.0))
    assert values["1"] == (1.0, None)


def test_where_attention_looks_is_told(course: Path, reader: Reader) -> None:
    (weights,) = (course / ".tito/runs").glob("transformer/*/weights.safetensors")
    assert reader.load("transformer", weights) == ""
    answer = reader.attend("3 1 5")
    assert answer["letters"] == [*"315|44"]
    assert answer["writes"] == ["", "", "", *"444"]
    assert [head["name"] for head in answer["heads"]] == [
        f"layer 1, head {n}" for n in (1, 2, 3, 4)
    ]
    assert answer["heads"][0]["weights"][3] == pytest.approx([0.25, 0.25, 0.25, 0.25, 0, 0])
    assert reader.attend("three") == {"error": "Type up to 8 digits, such as 31415926."}


@pytest.mark.parametrize(
    "expression", ["__import__('os')", "x.data", "x.exp(1)", "[x]", "x if x else x", "(" * 9]
)
def test_the_graph_runs_arithmetic_only(reader: Reader, expression: str) -> None:
    answer = reader.graph(expression, {"x": 1.0})
    assert set(answer) == {"error"}


def test_a_framework_that_ends_or_hangs_is_told(course: Path, tmp_path: Path) -> None:
    root = tmp_path / "work"
    (root / "modules").mkdir(parents=True)
    for code, said in (("import os; os._exit(3)", "ended the process"), ("while 1: 0", "running")):
        (root / "tinytorch").mkdir(exist_ok=True)
        (root / "tinytorch" / "__init__.py").write_text(code, encoding="utf-8")
        reader = Reader(Workspace(root), os.environ, seconds=5)
        try:
            assert said in reader.graph("x", {"x": 1.0})["error"]
        finally:
            reader.close()


def test_a_run_writes_what_the_page_follows(solved: Path, tito: Any) -> None:
    assert tito(solved, "module", "complete", "00").returncode == 0
    assert tito(solved, "milestone", "run", "start").returncode == 0
    run = live_run(Workspace(solved))
    assert (run.milestone, len(run.events)) == ("start", 20)


def test_a_run_does_not_write_into_the_file_of_a_newer_one(tmp_path: Path) -> None:
    older, newer = (LiveLog(Workspace(tmp_path), name, name, "now") for name in ("lstm", "gpt"))
    newer.event(TrainingEvent("training", 1, 9))
    older.event(TrainingEvent("training", 5, 9))
    newer.event(TrainingEvent("training", 2, 9))
    run = live_run(Workspace(tmp_path))
    assert (run.milestone, [event.step for event in run.events]) == ("gpt", [1, 2])


def test_a_damaged_live_file_is_no_error(tmp_path: Path) -> None:
    assert live_run(Workspace(tmp_path)).events == []
    file = live_file(Workspace(tmp_path))
    file.parent.mkdir(parents=True)
    file.write_bytes(b'{"milestone": 3}\n[1]\n\xff\n{"phase": "t", "step": 1, "total": 2}\n{"ph')
    run = live_run(Workspace(tmp_path))
    assert (run.milestone, [event.step for event in run.events]) == ("3", [1])


# ------------------------------------------------------------------------------------- the server


@pytest.fixture(scope="module")
def url(course: Path, repo: Path) -> Iterator[str]:
    """The page of a running `tito show`; afterwards, that Ctrl-C has closed it."""
    pytest.importorskip("bokeh", reason="Bokeh is not installed: pip install -e '.[dev]'")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's `&` ignores it
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "tito", "show", "--no-browser"],
        cwd=course,
        env={**os.environ, "PYTHONPATH": str(repo)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    signal.signal(signal.SIGINT, before)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().split()[4]
    finally:
        if os.name == "posix":
            server.send_signal(signal.SIGINT)
            rest, _ = server.communicate(timeout=60)
            assert (server.returncode, "Closed." in rest) == (0, True)
        server.kill()


def status(url: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=60)
    try:
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_server_answers_to_its_own_name_only(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")
    assert status(url) == 200
    assert status(url, Host="evil.example") == 403
    assert status(url, Host="evil.example:" + url.split(":")[2].strip("/")) == 403


def test_another_sites_page_gets_no_socket(url: str) -> None:
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=60)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "x" * 22 + "==", "Origin": "http://evil.example"}  # fmt: skip
    connection.request("GET", "/ws", headers=upgrade)
    assert connection.getresponse().status == 403
    connection.close()


def test_a_port_that_is_taken_is_told(url: str, course: Path, repo: Path) -> None:
    port = url.split(":")[2].strip("/")
    done = subprocess.run(
        [sys.executable, "-m", "tito", "show", "--no-browser", "--port", port],
        cwd=course,
        env={**os.environ, "PYTHONPATH": str(repo)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 3
    assert f"Port {port} is taken" in done.stderr


# ------------------------------------------------------------------------------------ the browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine (on Debian: apt install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    """The page in a browser; afterwards, that its console has no error."""
    opened = browser.new_page(viewport={"width": 1100, "height": 900})
    errors: list[str] = []
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.set_default_timeout(60_000)
    opened.goto(url)
    yield opened
    opened.close()
    assert errors == []


def draw(page: Any, stroke: list[tuple[float, float]]) -> None:
    (box,) = [
        box
        for box in (plot.bounding_box() for plot in page.locator(".bk-Figure:visible").all())
        if abs(box["width"] - box["height"]) < 3
    ]
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * (1 - y)) for x, y in stroke]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[-1], steps=12)
    page.mouse.up()


def test_a_stroke_changes_what_the_network_reads(page: Any) -> None:
    page.get_by_text("Draw a digit", exact=True).click()
    page.get_by_text("Draw a digit with the mouse.").wait_for()
    draw(page, DOWN)
    draw(page, TOP_BAR)
    page.get_by_text("Your network reads: 7").wait_for()
    page.get_by_text("ReLU").wait_for()
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Draw a digit with the mouse.").wait_for()
    draw(page, DOWN)
    draw(page, LOW_BAR)
    page.get_by_text("Your network reads: 1").wait_for()


CURVES = """() => Bokeh.documents[0].get_model_by_name("loss").renderers[0].data_source.data"""


def test_a_run_moves_the_curve(page: Any, course: Path) -> None:
    page.get_by_text("Training", exact=True).wait_for()
    log = LiveLog(Workspace(course), "xor", "1986 - XOR", "now")
    for steps in (3, 6):
        for step in range(steps - 2, steps + 1):
            log.event(TrainingEvent("training", step, 20, 1 / step, 0.5))
        page.get_by_text(f"training {steps}/20").wait_for()
        page.wait_for_function(f"({CURVES})().xs[0].length === {steps}")
    log.event(TrainingEvent("plain", 1, 20, 2.0))
    page.wait_for_function(f"({CURVES})().label.join() === 'training,plain'")


def test_the_pictures_of_a_run_change_while_it_trains(page: Any, course: Path) -> None:
    log = LiveLog(Workspace(course), "xor", "1986 - XOR", "now")
    for step in (1, 2):
        log.picture({**PICTURES[0], "step": step})
        page.get_by_text(f"The plane (step {step})").wait_for()
    assert page.get_by_text("The plane (step 1)").count() == 0
    box = page.locator("svg:visible").last.bounding_box()
    assert box["width"] > 400, "it is drawn large"


PLACE = """place => {
    const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("attention"))
    const box = view.el.getBoundingClientRect(), frame = view.frame
    return [box.x + frame.x_scale.compute(place), box.y + frame.bbox.y_center]
}"""


def test_a_click_on_a_letter_shows_where_it_looks(page: Any) -> None:
    page.get_by_text("Attention", exact=True).click()
    page.get_by_text("From 4 (place 16), before it writes 4, it looks most at").wait_for()
    page.mouse.click(*page.evaluate(PLACE, 1))
    page.get_by_text("From 1 (place 2) it looks most at 3 (50%, place 1), 1 (50%, pl").wait_for()
    box = page.get_by_label("A text")
    box.fill("nine")
    box.press("Enter")
    page.get_by_text("Type up to 8 digits").wait_for()


def test_the_other_tabs_show_pictures_and_gradients(page: Any) -> None:
    page.get_by_text("Runs", exact=True).click()
    page.get_by_text("Confusion").wait_for()
    page.get_by_text("Graph", exact=True).click()
    page.get_by_text("grad 1", exact=True).wait_for()
