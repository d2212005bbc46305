"""The notebook of examples/ runs from top to bottom, and says what it should."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

nbformat = pytest.importorskip("nbformat", reason="the notebook's tools are not installed")
nbclient = pytest.importorskip("nbclient", reason="the notebook's tools are not installed")

NOTEBOOK = Path(__file__).parents[2] / "examples" / "read_a_picture.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The cells by their ids, after a run in an empty folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's machinery is not ours to mend
        client.execute()
    return {cell["id"]: cell for cell in notebook.cells}


def printed(cell: Any) -> str:
    return "".join(output["text"] for output in cell["outputs"] if output["output_type"] == "stream")


def test_it_is_committed_without_outputs() -> None:
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_nothing_is_written_to_standard_error(cells: dict[str, Any]) -> None:
    streams = [o for cell in cells.values() for o in cell.get("outputs", []) if o["output_type"] == "stream"]
    assert {stream["name"] for stream in streams} == {"stdout"}


def test_the_page_shows_itself(cells: dict[str, Any]) -> None:
    (output,) = cells["read"]["outputs"]
    html = output["data"]["text/html"]
    start = html.index("base64,") + len("base64,")
    with Image.open(io.BytesIO(base64.b64decode(html[start : html.index('"', start)]))) as image:
        assert image.format == "JPEG"
        assert image.width == 1200
        assert image.width > 2 * image.height, "the picture and its panel, side by side"


def test_the_text_is_read(cells: dict[str, Any]) -> None:
    lines = printed(cells["text"]).splitlines()
    assert {"MORNING BREAD", "HOTEL", "JAZZ NIGHTS"} <= set(lines)


def test_doubtful_words_come_with_their_confidence(cells: dict[str, Any]) -> None:
    rows = [line.split() for line in printed(cells["doubtful"]).splitlines()]
    confidences = [float(row[0]) for row in rows]
    assert confidences == sorted(confidences)
    assert all(0 <= confidence <= 0.9 for confidence in confidences)


def test_leaning_lines_know_their_angle(cells: dict[str, Any]) -> None:
    angles = {line.partition(": ")[2]: int(line.split()[0]) for line in printed(cells["leaning"]).splitlines()}
    found = {name: [a for text, a in angles.items() if name in text] for name in ("JAZZ", "STREET", "BREAD", "HOTEL")}
    assert found["JAZZ"] == [-90]
    assert found["STREET"] == [pytest.approx(-27, abs=3)]
    assert found["BREAD"] == [pytest.approx(14, abs=3)]
    assert not found["HOTEL"], "it is level"


def test_many_pictures(cells: dict[str, Any]) -> None:
    level, quarter, half, broken = printed(cells["read-many"]).splitlines()
    assert level.startswith("1280x853: ")
    assert quarter.startswith("853x1280: ")
    assert half.startswith("1280x853: ")
    counts = [int(line.split()[1]) for line in (level, quarter, half)]
    assert min(counts) > 40
    assert max(counts) - min(counts) < 0.2 * max(counts), "turned pictures are read about as well"
    assert broken.startswith("not read: ")
