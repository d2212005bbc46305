"""Loading from paths, streams, arrays and PIL images."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from picture_files import (
    ALPHA,
    BITS,
    COLOURS,
    GREY,
    NOISY,
    NOISY_IMAGE,
    Array,
    assert_picture,
    colour_image,
    encoded,
    on_white,
    rgb,
    with_alpha,
)
from PIL import Image

from wordsight.errors import EmptyImage, ImageError, ImageTooLarge, NotAnImage, TruncatedImage
from wordsight.image.load import ImageSource, Limits, load


def test_paths_bytes_and_streams_give_the_same(tmp_path: Path) -> None:
    data = encoded(colour_image(), "PNG")
    path = tmp_path / "a picture without a suffix"
    path.write_bytes(data)
    with path.open("rb") as file:
        sources: list[ImageSource] = [path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data), file]
        for source in sources:
            assert_picture(load(source), COLOURS)
        assert not file.closed


def test_a_stream_is_read_from_where_it_stands() -> None:
    stream = io.BytesIO(b"before" + encoded(colour_image(), "PNG"))
    stream.seek(6)
    assert_picture(load(stream), COLOURS)
    with pytest.raises(EmptyImage):
        load(stream)


def test_the_name_does_not_matter_but_stands_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(colour_image(), "TIFF"))
    assert_picture(load(path), COLOURS)
    path.write_bytes(b"")
    with pytest.raises(EmptyImage, match=r"photo\.jpg: there are no bytes"):
        load(path)
    path.write_bytes(b"text")
    with path.open("rb") as file, pytest.raises(NotAnImage, match=r"photo\.jpg: no picture starts with"):
        load(file)


def test_missing_paths_folders_and_addresses(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.png: there is no such file; check the path") as caught:
        load(tmp_path / "gone.png")
    assert isinstance(caught.value.__cause__.__cause__, FileNotFoundError)
    with pytest.raises(ImageError, match="is a folder; pass the pictures in it one by one"):
        load(tmp_path)
    with pytest.raises(ImageError, match="download it first"):
        load("https://example.com/a.png")
    with pytest.raises(ImageError, match="check the path"):
        load("a\0b.png")
    with pytest.raises(ImageError, match="check the path"):
        load("a" * 5000)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions bind ordinary users of POSIX only")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(colour_image(), "PNG"))
    path.chmod(0)
    with pytest.raises(ImageError, match="change its permissions"):
        load(path)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices with paths are POSIX")
def test_devices_and_pipes_are_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(ImageError, match="is a device or a pipe"):
            load(path)


class Endless(io.RawIOBase):
    """A stream without end that counts what was taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b"\0" * size


def test_an_endless_stream_is_left_soon_after_the_limit() -> None:
    stream = Endless()
    with pytest.raises(ImageTooLarge, match="limit of 5000000 bytes"):
        load(stream, Limits(file_bytes=5_000_000))
    assert stream.taken <= 5_000_000 + 2**20


def test_streams_that_fail_or_give_text(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"plain text")
    with path.open() as text, pytest.raises(ImageError, match="mode 'rb'"):
        load(text)
    with path.open("rb") as closed:
        pass
    with pytest.raises(ImageError, match="closed file"):
        load(closed)


@pytest.mark.parametrize("source", [None, 7, ["a.png"], object()])
def test_other_types_are_refused_with_what_is_accepted(source: object) -> None:
    with pytest.raises(NotAnImage, match="pass a path, bytes, a file open in binary, an array or a PIL image"):
        load(source)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (GREY, rgb(GREY)),
        (GREY[:, :, np.newaxis], rgb(GREY)),
        (COLOURS, COLOURS),
        (COLOURS[::-1, ::2], COLOURS[::-1, ::2]),
        (np.asfortranarray(COLOURS), COLOURS),
        (BITS > 0, rgb(BITS)),
        (COLOURS.astype(np.uint16) * 257, COLOURS),
        (COLOURS.astype(">u2") * 257, COLOURS),
        (COLOURS.astype(np.float32) / 255, COLOURS),
        (COLOURS / 255, COLOURS),
        ((COLOURS / 255).astype(np.float16), COLOURS),
        (np.array([[0.0, 0.5, 1.0005]]), np.array([[[0] * 3, [128] * 3, [255] * 3]])),
    ],
)
def test_arrays(array: NDArray[np.generic], expected: Array) -> None:
    before = array.copy()
    assert_picture(load(array), expected)
    assert (array == before).all()


def test_alpha_of_arrays_is_laid_on_white() -> None:
    array = np.dstack([COLOURS, ALPHA])
    for source in (array, array.astype(np.uint16) * 257, array / 255):
        assert_picture(load(source), on_white(COLOURS, ALPHA), tolerance=1)


def test_an_array_in_the_right_form_is_not_copied() -> None:
    assert load(COLOURS) is COLOURS or np.shares_memory(load(COLOURS), COLOURS)


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.zeros(7, np.uint8), NotAnImage, r"shape \(7,\).*accepted are arrays"),
        (np.array(7, np.uint8), NotAnImage, "shape"),
        (np.zeros((4, 4, 2), np.uint8), NotAnImage, "accepted are arrays"),
        (np.zeros((4, 4, 4, 3), np.uint8), NotAnImage, "accepted are arrays"),
        (np.zeros((4, 4), np.int64), NotAnImage, "int64.*accepted are arrays"),
        (np.zeros((4, 4), np.complex64), NotAnImage, "complex64"),
        (np.full((4, 4), "a"), NotAnImage, "accepted are arrays"),
        (np.full((4, 4), None), NotAnImage, "object"),
        (np.full((4, 4), 200.0), NotAnImage, r"from 200 to 200; scale floats to 0\.\.1"),
        (np.full((4, 4), -0.1), NotAnImage, "scale floats"),
        (np.full((4, 4), np.nan), NotAnImage, "nan"),
        (np.full((4, 4), 1e300), NotAnImage, r"from 1e\+300"),
        (np.full((4, 4), 0x7FA00001, np.uint32).view(np.float32), NotAnImage, "nan"),
        (np.full((4, 4), -np.inf), NotAnImage, "-inf"),
        (np.zeros((0, 4, 3), np.uint8), EmptyImage, "0"),
        (np.zeros((4, 0), np.uint8), EmptyImage, "0"),
    ],
)
def test_arrays_that_are_no_pictures(array: NDArray[np.generic], error: type[ImageError], message: str) -> None:
    with pytest.raises(error, match=message):
        load(array)


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "LA", "La", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "PA"]
)
def test_pil_images_of_every_mode_load_and_stay_as_they_were(mode: str) -> None:
    image = with_alpha(colour_image()).convert({"La": "LA", "RGBa": "RGBA"}.get(mode, mode))
    image = image.convert(mode)
    image.getexif()[0x0112] = 6
    before = image.mode, image.size, image.tobytes(), dict(image.info), dict(image.getexif())
    picture = load(image)
    assert picture.shape == (40, 30, 3)
    assert (image.mode, image.size, image.tobytes(), dict(image.info), dict(image.getexif())) == before


def test_premultiplied_alpha() -> None:
    image = with_alpha(colour_image())
    expected = on_white(COLOURS, ALPHA)
    assert_picture(load(image.convert("RGBa")), expected, tolerance=2)
    grey = with_alpha(Image.fromarray(GREY))
    assert_picture(load(grey.convert("La")), on_white(rgb(GREY), ALPHA), tolerance=2)


def test_pil_images_opened_from_files(tmp_path: Path) -> None:
    whole = encoded(NOISY_IMAGE, "PNG")
    assert_picture(load(Image.open(io.BytesIO(whole))), NOISY)
    with pytest.raises(TruncatedImage):
        load(Image.open(io.BytesIO(whole[: len(whole) // 2])))
    with pytest.raises(EmptyImage):
        load(Image.new("RGB", (0, 5)))
    animation = Image.open(
        io.BytesIO(encoded(Image.new("L", (4, 4)), "GIF", save_all=True, append_images=[Image.new("L", (4, 4), 99)]))
    )
    animation.seek(1)
    assert load(animation).max() == 99
    assert animation.tell() == 1
