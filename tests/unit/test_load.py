"""Loading: every format and mode with known pixels, which way up, and the pages of a TIFF."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from picture_files import (
    ALPHA,
    BITS,
    COLOURS,
    GREY,
    INDICES,
    PALETTE,
    Array,
    assert_picture,
    colour_image,
    encoded,
    exif,
    on_white,
    pages_tiff,
    palette_image,
    png_chunk,
    png_with,
    rgb,
    smooth_image,
    tiff,
    tiff_tags,
    with_alpha,
)
from PIL import Image

from wordsight.errors import EmptyImage, ImageTooLarge, NotAnImage
from wordsight.image.load import Limits, load, load_pages


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_colours_of_lossless_formats_come_back_exactly(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert_picture(load(encoded(colour_image(), kind, **options)), COLOURS)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_grey_is_spread_over_three_channels(kind: str) -> None:
    assert_picture(load(encoded(Image.fromarray(GREY), kind)), rgb(GREY))


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("PPM", {}), ("TIFF", {"compression": "group4"})],
)
def test_one_bit_is_black_and_white(kind: str, options: dict[str, str]) -> None:
    assert_picture(load(encoded(Image.fromarray(BITS).convert("1"), kind, **options)), rgb(BITS))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_palettes_are_looked_up(kind: str) -> None:
    assert_picture(load(encoded(palette_image(), kind)), PALETTE[INDICES])


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_png_palettes_of_every_depth(bits: int) -> None:
    few = Image.fromarray(INDICES % 2, "P")
    few.putpalette(PALETTE.tobytes())
    assert_picture(load(encoded(few, "PNG", bits=bits)), PALETTE[INDICES % 2])


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_laid_on_white(kind: str) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    picture = load(encoded(with_alpha(colour_image()), kind, **options))
    assert_picture(picture, on_white(COLOURS, ALPHA), tolerance=1)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_with_alpha_is_laid_on_white(kind: str) -> None:
    picture = load(encoded(with_alpha(Image.fromarray(GREY)), kind))
    assert_picture(picture, on_white(rgb(GREY), ALPHA), tolerance=1)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_is_white(kind: str) -> None:
    expected = np.where((INDICES == 2)[:, :, np.newaxis], np.uint8(255), PALETTE[INDICES])
    assert_picture(load(encoded(palette_image(), kind, transparency=2)), expected)


def test_a_palette_with_an_alpha_for_each_colour() -> None:
    alphas = np.array([255, 128, 0, 64], np.uint8)
    picture = load(encoded(palette_image(), "PNG", transparency=alphas.tobytes()))
    assert_picture(picture, on_white(PALETTE[INDICES], alphas[INDICES]), tolerance=1)


def test_the_transparent_colour_of_true_colour_and_grey_is_white() -> None:
    colours = COLOURS.copy()
    colours[3, 4] = 1, 2, 3
    expected = colours.copy()
    expected[3, 4] = 255
    assert_picture(load(encoded(Image.fromarray(colours), "PNG", transparency=(1, 2, 3))), expected)
    grey = encoded(Image.fromarray(GREY), "PNG", transparency=int(GREY[0, 0]))
    assert_picture(load(grey), rgb(np.where(GREY[0, 0] == GREY, np.uint8(255), GREY)))


def test_sixteen_bits_are_scaled_to_eight_and_not_cut_off() -> None:
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = rgb(np.round(deep / 257).astype(np.uint8))
    for kind in ("PNG", "TIFF", "PPM"):
        assert_picture(load(encoded(Image.fromarray(deep), kind)), expected)
    for order in ("<u2", ">u2"):
        assert_picture(load(Image.fromarray(deep.astype(order))), expected)


def test_a_dark_sixteen_bit_picture_stays_dark() -> None:
    dark = np.full((4, 4), 200, np.uint16)
    for kind in ("PNG", "TIFF", "PPM"):
        assert load(encoded(Image.fromarray(dark), kind)).max() == 1


def test_sixteen_bit_colours_of_a_png() -> None:
    deep = (COLOURS.astype(">u2") * 257).tobytes()
    rows = b"".join(b"\0" + deep[start : start + 240] for start in range(0, len(deep), 240))
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 30, 16, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    assert_picture(load(data), COLOURS)
    # Pillow would compare this transparent colour with the wrong 8 bits.
    assert_picture(load(png_with(data, png_chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))), COLOURS)


def test_twelve_bits_and_negatives_of_tiff() -> None:
    packed = bytes([0x00, 0x0F, 0xFF, 0x80, 0x00, 0x00])  # 0, 4095, 2048, 0
    data = tiff(tiff_tags(2, 2, 12, tag279=(4, 1, 6))).ljust(500, b"\0") + packed
    assert load(data)[:, :, 0].tolist() == [[0, 255], [128, 0]]
    samples = struct.pack("<4H", 0, 65535, 257, 0)
    data = tiff(tiff_tags(2, 2, 16, tag262=(3, 1, 0))).ljust(500, b"\0") + samples
    assert load(data)[:, :, 0].tolist() == [[255, 0], [254, 255]]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.4, 255.0], [0, 100, 255]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-3.0, 0.0, 3.0], [0, 128, 255]),
        ([float("nan"), 0.0, 1.0], [0, 0, 255]),
        ([float("-inf"), -3e38, 3e38], [0, 0, 255]),
        ([float("inf"), 0.0, 1.0], [255, 0, 255]),
        ([float("nan")] * 3, [0, 0, 0]),
        ([-7.0] * 3, [0, 0, 0]),
    ],
)
def test_floats_are_scaled_by_what_their_range_says(samples: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([samples], np.float32))
    for source in (image, encoded(image, "TIFF")):
        assert load(source)[0, :, 0].tolist() == expected


def test_a_signalling_nan_is_black_and_warns_nobody() -> None:
    samples = np.frombuffer(struct.pack("<3I", 0x7FA00001, 0, 0x3F800000), np.float32)[np.newaxis]
    image = Image.frombytes("F", (3, 1), samples.tobytes())
    assert load(image)[0, :, 0].tolist() == [0, 0, 255]
    assert load(samples.view(np.uint32).view(np.float32)[:, 1:])[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [([0, 100, 255], [0, 100, 255]), ([0, 257, 65535], [0, 1, 255]), ([-(2**31), 0, 2**31 - 1], [0, 128, 255])],
)
def test_32_bit_integers_are_scaled_by_what_their_range_says(samples: list[int], expected: list[int]) -> None:
    image = Image.fromarray(np.array([samples], np.int32))
    for source in (image, encoded(image, "TIFF")):
        assert load(source)[0, :, 0].tolist() == expected


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"optimize": True}])
def test_jpeg(options: dict[str, object]) -> None:
    image = smooth_image()
    assert_picture(load(encoded(image, "JPEG", quality=95, **options)), np.asarray(image), tolerance=12)
    grey = image.convert("L")
    assert_picture(load(encoded(grey, "JPEG", quality=95, **options)), rgb(np.asarray(grey)), tolerance=6)


def test_lossy_webp() -> None:
    image = smooth_image()
    assert_picture(load(encoded(image, "WEBP", quality=95)), np.asarray(image), tolerance=20)


def test_cmyk_jpeg_is_stored_inverted_by_adobe_and_comes_back_right() -> None:
    inks = Image.new("CMYK", (32, 32), (255, 0, 0, 51))  # cyan with a fifth of black
    for source in (inks, encoded(inks, "JPEG", quality=95), encoded(inks, "TIFF")):
        assert_picture(load(source), np.full((32, 32, 3), (0, 204, 204)), tolerance=3)


def test_ycbcr_and_lab() -> None:
    colour = (200, 60, 30)
    for mode in ("YCbCr", "HSV", "RGBX"):
        assert_picture(load(Image.new("RGB", (8, 8), colour).convert(mode)), np.full((8, 8, 3), colour), tolerance=3)
    ycbcr = Image.new("RGB", (8, 8), colour).convert("YCbCr")
    assert_picture(load(encoded(ycbcr, "TIFF")), np.full((8, 8, 3), colour), tolerance=3)
    lab = Image.new("RGB", (8, 8), colour).convert("LAB")
    assert_picture(load(lab), np.full((8, 8, 3), colour), tolerance=4)
    assert_picture(load(encoded(lab, "TIFF")), np.full((8, 8, 3), colour), tolerance=4)
    assert_picture(load(Image.new("LAB", (8, 8), (0, 128, 128))), np.zeros((8, 8, 3)), tolerance=1)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd"])
def test_tiff_compressions(compression: str) -> None:
    assert_picture(load(encoded(colour_image(), "TIFF", compression=compression)), COLOURS)


def test_tiff_with_jpeg_inside() -> None:
    image = smooth_image()
    data = encoded(image, "TIFF", compression="jpeg", quality=95)
    assert_picture(load(data), np.asarray(image), tolerance=12)


def test_big_and_big_endian_tiff() -> None:
    assert_picture(load(encoded(colour_image(), "TIFF", big_tiff=True)), COLOURS)
    deep = Image.fromarray((GREY.astype(np.uint16) * 257).astype(">u2"))
    assert encoded(deep, "TIFF")[:2] == b"MM"
    assert_picture(load(encoded(deep, "TIFF")), rgb(GREY))


def test_tiled_tiff() -> None:
    tile = np.zeros((32, 48), np.uint8)
    tile[:30, :40] = GREY
    tiles = b"".join(tile[y : y + 16, x : x + 16].tobytes() for y in (0, 16) for x in (0, 16, 32))
    offsets = struct.pack("<6I", *(500 + 256 * index for index in range(6)))
    tags = tiff_tags(40, 30) | {322: (3, 1, 16), 323: (3, 1, 16), 324: (4, 6, 300), 325: (4, 6, 324)}
    for tag in (273, 278, 279):
        del tags[tag]
    data = tiff(tags).ljust(300, b"\0") + offsets + struct.pack("<6I", *[256] * 6)
    assert_picture(load(data.ljust(500, b"\0") + tiles), rgb(GREY))


def test_interlaced_png() -> None:
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(
        b"\0" + row.tobytes() for top, left, down, across in passes for row in GREY[top::down, left::across]
    )
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 30, 8, 0, 0, 0, 1))
    data = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    assert_picture(load(data), rgb(GREY))


def test_the_first_frame_of_an_animation() -> None:
    first, second = Image.new("RGB", (20, 10), (255, 0, 0)), Image.new("RGB", (20, 10), (0, 0, 255))
    for kind in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(first, kind, save_all=True, append_images=[second], **options)
        assert_picture(load(data), np.asarray(first))
        assert len(list(load_pages(data))) == 1


def test_a_gif_frame_that_is_larger_than_its_screen_is_read_whole() -> None:
    data = bytearray(encoded(Image.fromarray(GREY), "GIF"))
    data[6:10] = struct.pack("<HH", 3, 3)
    assert_picture(load(bytes(data)), rgb(GREY))


def test_a_gif_frame_outside_of_everything_and_stray_bytes_before_it() -> None:
    data = encoded(Image.fromarray(GREY), "GIF")
    frame = data.index(b",\0\0\0\0")
    assert_picture(load(data[:frame] + b"\0\0" + data[frame:]), rgb(GREY))
    with pytest.raises(NotAnImage, match="outside of its screen"):
        load(data[: frame + 1] + b"\xff\xff" + data[frame + 3 :])


def test_what_follows_a_jpeg_does_not_matter() -> None:
    image = smooth_image()
    for options in ({}, {"progressive": True}):
        data = encoded(image, "JPEG", quality=95, **options)
        expected = load(data)
        for tail in (encoded(colour_image(), "JPEG"), b"\xff\xda\0\2" * 1000):  # a second picture, or nonsense
            assert (load(data + tail) == expected).all()


def test_bmp_of_os2() -> None:
    rows = b"".join(row[:, ::-1].tobytes() for row in COLOURS[::-1])
    header = b"BM" + struct.pack("<IHHI", 26 + len(rows), 0, 0, 26) + struct.pack("<IHHHH", 12, 40, 30, 1, 24)
    assert_picture(load(header + rows), COLOURS)


def test_run_length_bmp() -> None:
    whole = encoded(palette_image(), "BMP")
    start = struct.unpack_from("<I", whole, 10)[0]
    rows = b"".join(b"".join(bytes([1, index]) for index in row) + b"\0\0" for row in INDICES[::-1].tolist()) + b"\0\1"
    data = whole[:30] + struct.pack("<II", 1, len(rows)) + whole[38:start] + rows
    assert_picture(load(data), PALETTE[INDICES])
    claim = data[:18] + struct.pack("<ii", 5000, 5000) + data[26:]
    with pytest.raises(NotAnImage, match="run-length"):
        load(claim)


def test_pnm_headers() -> None:
    assert_picture(load(b"P5 # a comment\n2 #\n1\n255\n\x07\x09"), np.array([[[7] * 3, [9] * 3]]))
    assert_picture(load(b"P4\n9 1\n\xaa\x80"), rgb(np.array([[0, 255, 0, 255, 0, 255, 0, 255, 0]], np.uint8)))
    for data in (b"P5\n2 1\n100\n\x07\x09", b"P5\nx", b"P5\n2 1\n", b"P6\n1 1\n65535\nabcdef"):
        with pytest.raises(NotAnImage, match="PNG"):
            load(data)
    with pytest.raises(EmptyImage):
        load(b"P5\n0 1\n255\n")


UPRIGHT: dict[int, Callable[[Array], Array]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_exif_orientation_is_undone(kind: str, orientation: int) -> None:
    image = smooth_image(48, 32) if kind == "JPEG" else colour_image()
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(image, kind, exif=exif(orientation), **options)
    expected = UPRIGHT[orientation](np.asarray(image))
    assert_picture(load(data), expected, tolerance=9 if kind == "JPEG" else 0)
    opened = Image.open(io.BytesIO(data))
    assert_picture(load(opened), expected, tolerance=9 if kind == "JPEG" else 0)


@pytest.mark.parametrize("compression", ["tiff_lzw", "raw"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_orientation_of_tiffs_that_libtiff_decodes_and_of_raw_ones(compression: str, orientation: int) -> None:
    data = encoded(colour_image(), "TIFF", exif=exif(orientation), compression=compression)
    assert_picture(load(data), UPRIGHT[orientation](COLOURS))


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0" + b"\0" * 4,
        b"Exif\0\0nonsense",
    ],
)
def test_broken_exif_is_as_good_as_none(block: bytes) -> None:
    assert_picture(load(encoded(colour_image(), "PNG", exif=block)), COLOURS)
    image = smooth_image()
    data = encoded(image, "JPEG", quality=95, exif=block)
    assert_picture(load(data), np.asarray(image), tolerance=12)
    # Without a JFIF segment Pillow itself would parse the block, and warn.
    start = data.index(b"\xff\xe0")
    bare = data[:start] + data[start + 2 + struct.unpack_from(">H", data, start + 2)[0] :]
    assert load(bare).shape == (96, 160, 3)


def test_pages_of_a_tiff_have_sizes_and_modes_of_their_own() -> None:
    small = Image.new("RGB", (5, 4), (1, 2, 3))
    data = pages_tiff(colour_image(), Image.fromarray(GREY), small, palette_image())
    pages = list(load_pages(data))
    assert len(pages) == 4
    for page, expected in zip(pages, (COLOURS, rgb(GREY), np.asarray(small), PALETTE[INDICES]), strict=True):
        assert_picture(page, expected)
    assert_picture(load(data), COLOURS)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_pages_come_one_by_one_and_a_broken_one_does_not_hide_those_before(compression: str) -> None:
    data = bytearray(pages_tiff(colour_image(), colour_image(), compression=compression))
    second = struct.unpack_from("<I", data, 4)[0]
    (count,) = struct.unpack_from("<H", data, second)
    (second,) = struct.unpack_from("<I", data, second + 2 + 12 * count)
    (count,) = struct.unpack_from("<H", data, second)
    for position in range(second + 2, second + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, position)[0] == 258:  # bits of each sample: 7 is none
            struct.pack_into("<HII", data, position + 2, 3, 1, 7)
    pages = load_pages(bytes(data))
    assert_picture(next(pages), COLOURS)
    with pytest.raises(NotAnImage, match="TIFF"):
        next(pages)


def test_one_picture_of_anything_that_is_no_tiff() -> None:
    for source in (COLOURS, colour_image(), encoded(colour_image(), "PNG")):
        pages = list(load_pages(source))
        assert len(pages) == 1
        assert_picture(pages[0], COLOURS)


def test_limit_on_pages() -> None:
    page = Image.new("L", (3, 2), 9)
    data = pages_tiff(*[page] * 5)
    assert len(list(load_pages(data, Limits(pages=5)))) == 5
    with pytest.raises(ImageTooLarge, match="4 pages"):
        next(load_pages(data, Limits(pages=4)))
    assert load(data, Limits(pages=4)).shape == (2, 3, 3)


def test_directories_in_a_circle_end() -> None:
    body = b"\x07" * 6
    data = tiff(tiff_tags(3, 2), following=8).ljust(500, b"\0") + body
    pages = list(load_pages(data))
    assert len(pages) == 1
    assert_picture(pages[0], np.full((2, 3, 3), 7))


def test_reduced_copies_and_masks_are_no_pages() -> None:
    first = tiff(tiff_tags(3, 2), following=200).ljust(200, b"\0")
    second = tiff(tiff_tags(3, 2, tag254=(4, 1, 1)), following=350)[8:].ljust(150, b"\0")
    third = tiff(tiff_tags(3, 2, tag254=(4, 1, 2)))[8:].ljust(150, b"\0")
    assert len(list(load_pages(first + second + third + b"\x07" * 6))) == 2


DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(not DATA.is_dir(), reason="the research pictures in ../shared/data are not here")
def test_real_photos_decode_as_pillow_decodes_them() -> None:
    paths = [
        path for folder in ("icdar2015_train", "plates", "sroie") for path in sorted(DATA.glob(f"{folder}/images/*"))
    ]
    for path in paths[::100]:
        with Image.open(path) as image:
            assert_picture(load(path), np.asarray(image.convert("RGB")))
