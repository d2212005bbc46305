"""TensorFlow graphs written by hand: the few fields of protobuf's GraphDef that an EAST graph needs.

Field numbers: tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOAT = 1  # DT_FLOAT


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def shape(sides: tuple[int, ...]) -> bytes:
    return b"".join(block(2, number(1, side)) for side in sides)


def tensor(values: NDArray[np.float32]) -> bytes:
    return number(1, FLOAT) + block(2, shape(values.shape)) + block(4, values.astype("<f4").tobytes())


def attr(name: str, value: bytes) -> bytes:
    return block(5, block(1, name) + block(2, value))


def node(name: str, op: str, inputs: tuple[str, ...] = (), **attributes: bytes) -> bytes:
    body = block(1, name) + block(2, op) + b"".join(block(3, one) for one in inputs)
    body += attr("T" if op not in ("Placeholder", "Const") else "dtype", number(6, FLOAT))
    return block(1, body + b"".join(attr(key, value) for key, value in attributes.items()))


def constant(name: str, values: NDArray[np.float32]) -> bytes:
    return node(name, "Const", value=block(8, tensor(values)))


def convolution(name: str, source: str, kernel: NDArray[np.float32], bias: NDArray[np.float32], stride: int) -> bytes:
    """A convolution with a bias, called NAME; the kernel is (height, width, in, out)."""
    strides = block(1, block(3, b"".join(varint(one) for one in (1, stride, stride, 1))))
    return (
        constant(f"{name}/weights", kernel)
        + constant(f"{name}/bias", bias)
        + node(
            f"{name}/conv",
            "Conv2D",
            (source, f"{name}/weights"),
            strides=strides,
            padding=block(2, "SAME"),
            data_format=block(2, "NHWC"),
        )
        + node(name, "BiasAdd", (f"{name}/conv", f"{name}/bias"), data_format=block(2, "NHWC"))
    )


def east_graph(sides: tuple[float, float, float, float], angle: float, level: float) -> bytes:
    """An EAST graph in the layout of OpenCV's text detection sample, blind but for brightness.

    A cell's score is that its 4x4 pixels of the picture (RGB, less the recipe's means) are brighter than ``level`` on
    average; its box has the given sides (top, right, bottom, left) and angle, wherever it is.
    """
    mean = np.full((4, 4, 3, 1), 1 / 48, np.float32)
    flat = np.zeros((4, 4, 3, 5), np.float32)
    return (
        node("input_images", "Placeholder", shape=block(7, shape((-1, -1, -1, 3))))
        + convolution("feature_fusion/Conv_7", "input_images", mean, np.array([-level], np.float32), 4)
        + node("feature_fusion/Conv_7/Sigmoid", "Sigmoid", ("feature_fusion/Conv_7",))
        + convolution("feature_fusion/concat_3", "input_images", flat, np.array([*sides, angle], np.float32), 4)
        + block(4, number(1, 21))
    )
