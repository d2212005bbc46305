"""Broken and hostile foreign files end in an error of wordsight, never in another, and leave nothing behind."""

from __future__ import annotations

import shutil
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from foreign_sets import SETS

from wordsight.data.collect import PICTURES
from wordsight.data.importers.formats import import_dataset
from wordsight.data.importers.matlab import read_matlab
from wordsight.errors import ManifestError, WordsightError

NASTY = [
    b"",
    b"\0",
    b"\xff" * 8,
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"../",
    b"/etc/passwd",
    b"\n",
    b"<",
]


@pytest.mark.parametrize("name", SETS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read(tmp_path: Path, name: str, data: st.DataObject) -> None:
    folder, out = tmp_path / "source", tmp_path / "out"
    for place in (folder, out):
        shutil.rmtree(place, ignore_errors=True)
    folder.mkdir()
    SETS[name][1](folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() not in PICTURES)
    if not files:
        return
    path = data.draw(st.sampled_from(files))
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    length = data.draw(st.sampled_from([0, 1, 2, 4, 8, 64, len(content)]))
    path.write_bytes(content[:start] + data.draw(st.sampled_from(NASTY)) + content[start + length :])
    for lenient in (False, True):
        try:
            import_dataset(folder, out, SETS[name][0], lenient=lenient)
        except WordsightError as error:
            assert str(error)
            assert not out.exists()
        shutil.rmtree(out, ignore_errors=True)
        assert [place.name for place in tmp_path.iterdir()] == ["source"]


def _cells(values: list[object]) -> np.ndarray:
    cells = np.empty((1, len(values)), object)
    for index, value in enumerate(values):
        cells[0, index] = value
    return cells


VALUES = st.recursive(
    st.one_of(
        st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), min_size=1, max_size=8),
        st.builds(
            lambda dtype, rows, columns: np.arange(rows * columns).reshape(rows, columns).astype(dtype),
            st.sampled_from(["u1", "i2", "i4", "f4", "f8"]),
            st.integers(1, 4),
            st.integers(1, 4),
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(_cells),
        st.dictionaries(st.sampled_from(["ImgName", "Ground", "x"]), inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


def _plain(value: object) -> object:
    """A value as our reader gives it, from what was handed to scipy's writer."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, dict):
        return ({key: _plain(part) for key, part in value.items()},)
    assert isinstance(value, np.ndarray)
    return tuple(map(_plain, value[0])) if value.dtype == object else value.tolist()


def _listed(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _listed(part) for key, part in value.items()}
    return tuple(map(_listed, value)) if isinstance(value, tuple) else value


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES, compressed=st.booleans())
def test_matlab_files_are_read_as_scipy_wrote_them(tmp_path: Path, value: object, compressed: bool) -> None:
    from scipy.io import savemat

    path = tmp_path / "x.mat"
    savemat(path, {"other": np.zeros((2, 2)), "wanted": value}, do_compression=compressed)
    found = read_matlab(path, ("wanted",))
    assert list(found) == ["wanted"]
    assert _listed(found["wanted"]) == _plain(value)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2000), change=st.binary(max_size=12), cut=st.booleans())
@example(place=128, change=b"\x0e\0\0\0\xff\xff\xff\xff", cut=False)
def test_damaged_matlab_files(tmp_path: Path, place: int, change: bytes, cut: bool) -> None:
    from scipy.io import savemat

    whole = tmp_path / "whole.mat"
    if not whole.exists():
        savemat(whole, {"a": _cells(["text", np.eye(3), _cells(["x"])]), "b": {"c": np.arange(9.0)}})
    data = whole.read_bytes()
    place %= len(data)
    path = tmp_path / "damaged.mat"
    path.write_bytes(data[:place] + change + (b"" if cut else data[place + len(change) :]))
    try:
        read_matlab(path, ("a", "b"))
    except ManifestError as error:
        assert str(path) in str(error)


def test_a_matlab_file_that_unpacks_to_far_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.io import savemat

    monkeypatch.setattr("wordsight.data.importers.matlab.MAX_UNPACKED", 1 << 20)
    path = tmp_path / "bomb.mat"
    savemat(path, {"X": np.zeros((4 << 20, 1), np.uint8)}, do_compression=True)
    assert path.stat().st_size < 10_000
    with pytest.raises(ManifestError, match="over 1048576 bytes when unpacked"):
        read_matlab(path, ("X",))
    assert read_matlab(path, ("Y",)) == {}  # what nobody wants is not unpacked


def test_a_matlab_file_that_claims_a_huge_array_is_refused(tmp_path: Path) -> None:
    from scipy.io import savemat

    path = tmp_path / "x.mat"
    savemat(path, {"X": _cells(["a", "b"])})
    data = bytearray(path.read_bytes())
    sizes = data.index((1).to_bytes(4, "little") + (2).to_bytes(4, "little"), 128)
    data[sizes : sizes + 8] = b"\xff\xff\xff\x7f" * 2
    path.write_bytes(data)
    with pytest.raises(ManifestError, match="2 cells where 4611686014132420609 are announced"):
        read_matlab(path, ("X",))
    path.write_bytes(bytes(data[:128]) + b"\x0f\0\0\0" + (8).to_bytes(4, "little") + zlib.compress(b"x")[:8])
    with pytest.raises(ManifestError, match=r"x\.mat"):
        read_matlab(path, ("",))
