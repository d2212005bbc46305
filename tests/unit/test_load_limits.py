"""Loading: limits, files that end too early, files made to hurt, and many threads."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from picture_files import (
    COLOURS,
    CUT,
    GREY,
    NOISY,
    NOISY_IMAGE,
    assert_picture,
    colour_image,
    encoded,
    exif,
    pages_tiff,
    palette_image,
    png_chunk,
    png_with,
    smooth_image,
    tiff,
    tiff_tags,
)
from PIL import Image, ImageFile

from wordsight.errors import ConfigError, EmptyImage, ImageError, ImageTooLarge, NotAnImage, TruncatedImage
from wordsight.image.load import ImageSource, Limits, load, load_pages


def huge_claims() -> dict[str, bytes]:
    """Small files whose headers claim 60000 x 60000 pixels (a WebP cannot say more than 16383)."""
    side = struct.pack(">I", 60000)
    image = Image.new("RGB", (16, 16))
    png = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", side + side + b"\x08\2\0\0\0") + png_chunk(b"IDAT", b"x")
    jpeg = encoded(image, "JPEG")
    frame = jpeg.index(b"\xff\xc0") + 5
    gif = encoded(image, "GIF")
    bmp = encoded(image, "BMP")
    return {
        "png": png,
        "jpeg": jpeg[:frame] + struct.pack(">HH", 60000, 60000) + jpeg[frame + 4 :],
        "gif": gif[:6] + struct.pack("<HH", 60000, 60000) + gif[10:],
        "bmp": bmp[:18] + struct.pack("<ii", 60000, -60000) + bmp[26:],
        "tiff": tiff(tiff_tags(60000, 60000)),
        "pnm": b"P6\n60000 60000\n255\nabc",
        "webp extended": b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x3f\0" * 2 + b"\0" * 8,
    }


CLAIMS = huge_claims()


@pytest.mark.parametrize("kind", CLAIMS)
@pytest.mark.parametrize("truncated", [False, True])
def test_a_header_that_claims_too_much_is_refused_without_allocation(kind: str, truncated: bool) -> None:
    data = CLAIMS[kind]
    tracemalloc.start()
    with pytest.raises(ImageTooLarge, match=r"\d+ x \d+ pixels are over the limit of 100000000"):
        load(data, Limits(truncated=truncated))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_the_pixel_limit_is_inclusive_and_holds_for_every_source() -> None:
    exact, under = Limits(pages=1, pixels=1200), Limits(pages=1, pixels=1199)
    sources: list[ImageSource] = [COLOURS, GREY, colour_image()]
    sources += [encoded(colour_image(), kind) for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM")]
    for source in sources:
        assert load(source, exact).shape == (30, 40, 3)
        with pytest.raises(ImageTooLarge, match="40 x 30"):
            load(source, under)


def test_each_page_has_to_keep_the_pixel_limit() -> None:
    pages = load_pages(pages_tiff(Image.new("L", (4, 4)), Image.new("L", (5, 4))), Limits(pixels=16))
    assert next(pages).shape == (4, 4, 3)
    with pytest.raises(ImageTooLarge, match="5 x 4"):
        next(pages)


def test_the_byte_limit_holds_for_paths_streams_and_bytes(tmp_path: Path) -> None:
    data = encoded(colour_image(), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    exact, under = Limits(file_bytes=len(data)), Limits(file_bytes=len(data) - 1)
    for make in (lambda: data, lambda: path, lambda: str(path), lambda: io.BytesIO(data), lambda: bytearray(data)):
        assert load(make(), exact).shape == (30, 40, 3)
        with pytest.raises(ImageTooLarge, match=f"limit of {len(data) - 1} bytes"):
            load(make(), under)


def test_a_pillow_limit_that_the_application_set_neither_warns_nor_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    wide_gif = bytearray(encoded(Image.fromarray(GREY), "GIF"))
    wide_gif[6:10] = struct.pack("<HH", 3, 3)
    files = [encoded(colour_image(), kind) for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM")]
    for data in (*files, bytes(wide_gif), encoded(colour_image(), "TIFF", compression="tiff_lzw")):
        assert load(data).shape == (30, 40, 3)
    try:
        assert load(encoded(colour_image(), "WEBP")).shape == (30, 40, 3)
    except ImageTooLarge as error:  # newer WebP decoders of Pillow check for themselves
        assert "exceeds limit" in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [("pixels", 0), ("pixels", 2**31), ("pixels", 1.5), ("pixels", True), ("file_bytes", -1), ("pages", 0)],
)
def test_limits_out_of_bounds(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"Limits.{name} must be a whole number from 1 to"):
        Limits(**{name: value})


def test_truncated_is_a_truth_value() -> None:
    with pytest.raises(ConfigError, match=r"Limits\.truncated must be True or False, not 'yes'"):
        Limits(truncated="yes")


@pytest.mark.parametrize("kind", CUT)
def test_a_truncated_file_is_refused_or_read_as_far_as_it_goes(kind: str) -> None:
    whole = CUT[kind]
    cut = whole[: len(whole) * 6 // 10]
    with pytest.raises(TruncatedImage, match=r"Limits\(truncated=True\)"):
        load(cut)
    picture = load(cut, Limits(truncated=True))
    expected = load(whole)
    if kind == "bmp":  # stored from the bottom up
        picture, expected = picture[::-1], expected[::-1]
    assert (picture[:100] == expected[:100]).all()
    assert picture.shape == expected.shape
    assert len(np.unique(picture[-10:].reshape(-1, 3), axis=0)) <= 2  # the rest is of one colour


def test_what_there_is_of_a_truncated_progressive_jpeg() -> None:
    whole = encoded(NOISY_IMAGE, "JPEG", progressive=True)
    cut = whole[: len(whole) // 2]
    with pytest.raises(TruncatedImage):
        load(cut)
    picture = load(cut, Limits(truncated=True))
    assert np.abs(picture.astype(float) - NOISY).mean() < 25  # blurred, but all of it


def test_a_truncated_tiff_is_turned_upright_too() -> None:
    whole = encoded(NOISY_IMAGE, "TIFF", exif=exif(6))
    picture = load(whole[: len(whole) * 6 // 10], Limits(truncated=True))
    assert picture.shape == (320, 200, 3)
    assert (picture[:, -100:] == np.rot90(NOISY, -1)[:, -100:]).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_every_cut_is_an_error_of_ours_or_a_picture(kind: str) -> None:
    whole = encoded(smooth_image(24, 16), kind)
    for end in range(1, len(whole)):
        for limits in (Limits(), Limits(truncated=True)):
            try:
                assert load(whole[:end], limits).shape == (16, 24, 3)
            except ImageError as error:
                assert not isinstance(error, ImageTooLarge)


def test_a_webp_cannot_be_read_in_part() -> None:
    whole = encoded(NOISY_IMAGE, "WEBP")
    for limits in (Limits(), Limits(truncated=True)):
        with pytest.raises(TruncatedImage):
            load(whole[: len(whole) // 2], limits)


def test_a_whole_file_loads_the_same_with_the_option() -> None:
    for data in CUT.values():
        assert (load(data, Limits(truncated=True)) == load(data)).all()


def test_metadata_that_blow_up_are_never_unpacked() -> None:
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    chunks = [png_chunk(b"zTXt", b"key\0\0" + bomb)] * 20 + [png_chunk(b"iCCP", b"profile\0\0" + bomb)]
    tracemalloc.start()
    assert_picture(load(png_with(encoded(colour_image(), "PNG"), *chunks)), COLOURS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_floods_of_parts_are_refused() -> None:
    jpeg, png = encoded(smooth_image(), "JPEG"), encoded(colour_image(), "PNG")
    gif = encoded(palette_image(), "GIF")
    screen = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    floods = [
        jpeg[:2] + b"\xff\xe1\0\x09Exif\0\0x" * 200_000 + jpeg[2:],
        jpeg[:2] + b"\xff\xdb\0\x43\0" + b"\1" * 64 + (b"\xff\xdb\0\x43\0" + b"\1" * 64) * 5000 + jpeg[2:],
        png_with(png, *[png_chunk(b"IDAT", b"")] * 200_000),
        gif[:screen] + b"\x21\xfe" + b"\1a" * 200_000 + b"\0" + gif[screen:],
    ]
    for flood in floods:
        with pytest.raises(NotAnImage, match="than any real one"):
            load(flood)


def test_a_jpeg_with_a_thousand_scans_is_refused() -> None:
    jpeg = encoded(smooth_image(), "JPEG", progressive=True)
    assert jpeg.count(b"\xff\xda") == 10
    last = jpeg[jpeg.rindex(b"\xff\xc4") : -2]
    assert load(jpeg[:-2] + last * 3 + b"\xff\xd9").shape == (96, 160, 3)
    for flood in (last * 1000, b"\xff\xfe\0\2" * 200_000 + last * 1000, b"\xff\xfe\0\4\xff\xd9" + last * 1000):
        with pytest.raises(NotAnImage, match="scans"):
            load(jpeg[:-2] + flood + b"\xff\xd9")


def test_tiff_directories_that_claim_too_much_are_refused() -> None:
    strips = tiff_tags(1000, 1000) | {273: (4, 1000, 300), 278: (4, 1, 999), 279: (4, 1000, 300)}
    tiles = tiff_tags(1, 4096) | {322: (4, 1, 65536), 323: (4, 1, 16), 324: (4, 256, 300), 325: (4, 256, 300)}
    for tag in (273, 278, 279):
        del tiles[tag]
    many = dict.fromkeys(range(40000, 42000), (7, 400, 0))
    for tags in (strips, tiles, many):
        with pytest.raises(NotAnImage, match=r"strips|tags"):
            load(tiff(tags).ljust(30_000, b"\0"))


def test_tiff_metadata_are_never_read() -> None:
    """Every tag points at the same large piece; with Pillow alone this takes the piece's size times the tags."""
    tags = tiff_tags(3, 2) | dict.fromkeys(range(40000, 40900), (7, 1000000, 600))
    data = bytearray(tiff(tags, following=0).ljust(1_100_000, b"\x07"))
    struct.pack_into("<I", data, 8 + 2 + 12 * 5 + 8, 1_050_000)  # the strip, which is the sixth tag
    tracemalloc.start()
    assert_picture(load(bytes(data)), np.full((2, 3, 3), 7))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_tiff_directories_that_overlap_are_refused() -> None:
    """The second directory starts where the first, when it is cut down to its nine good tags, points to the second."""
    first = tiff(tiff_tags(3, 2) | dict.fromkeys(range(40000, 40040), (4, 1, 0)), following=120)
    second = tiff(tiff_tags(3, 2))[8:]
    data = (first[:120] + second + first[120 + len(second) :]).ljust(700_000, b"\0")
    with pytest.raises(NotAnImage, match="overlap"):
        next(load_pages(data))


def test_broken_tags_that_pixels_do_not_depend_on_do_no_harm() -> None:
    wrong = {282: (5, 3, 400), 305: (2, 9999, 4_000_000), 700: (99, 3, 3), 34675: (7, 2**31, 2**31), 296: (3, 5, 400)}
    data = tiff(tiff_tags(3, 2) | wrong).ljust(500, b"\0") + b"\x07" * 6
    assert_picture(load(data), np.full((2, 3, 3), 7))


def test_old_style_jpeg_in_tiff_is_refused_by_name() -> None:
    with pytest.raises(NotAnImage, match="compression 6"):
        load(tiff(tiff_tags(3, 2, tag259=(3, 1, 6))).ljust(600, b"\0"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello, this is no picture", "no picture starts with b'hello, t'; accepted are JPEG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no picture starts with"),
        (b"RIFF\x20\0\0\0WEBPICCP" + b"\0" * 40, "WebP holds no picture"),
        (b"\xff\xd8\xff\xda\0\x08\1\1\0\0\x3f\0", "JPEG holds no picture"),
        (b"GIF89a\1\0\1\0\0\0\0;", "GIF holds no picture"),
        (b"\x89PNG\r\n\x1a\n" + png_chunk(b"gAMA", b"\0" * 13) + b"\0" * 20, "does not start with its header"),
        (tiff({}), "0 x 0 pixels"),
        (b"II*\0" + b"\0" * 20, "TIFF holds no picture"),
        (tiff({256: (3, 1, 4), 257: (3, 1, 4)}), "holds no colours"),
    ],
)
def test_what_is_no_picture_is_told_with_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises((NotAnImage, EmptyImage), match=message):
        load(data)


def test_a_file_that_says_two_sizes_is_refused() -> None:
    png = encoded(colour_image(), "PNG")
    with pytest.raises(NotAnImage, match="contradicts itself about its size"):
        load(png_with(png, png_chunk(b"IHDR", struct.pack(">II", 9000, 9000) + b"\x08\2\0\0\0")))


def test_a_png_without_pixels_is_empty() -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 7, 8, 2, 0, 0, 0))
    with pytest.raises(EmptyImage, match="0 x 7"):
        load(b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b""))


def test_32_threads_at_once_give_what_one_gives() -> None:
    cut = [data[: len(data) * 6 // 10] for data in CUT.values()]
    jobs = [(data, Limits()) for data in CUT.values()] + [(data, Limits(truncated=True)) for data in cut]
    jobs += [(data, Limits()) for data in cut]

    def outcome(job: tuple[bytes, Limits]) -> bytes | str:
        try:
            return load(*job).tobytes()
        except ImageError as error:
            return str(error)

    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    serial = [outcome(job) for job in jobs]
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(outcome, jobs * 8)) == serial * 8
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
