"""Files that are no single-shot detector, or a broken one: each is refused with a reason."""

from __future__ import annotations

import json

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from wordsight.detection.single_shot import KEY, Contract, SingleShot  # noqa: E402
from wordsight.errors import ModelError, WeightsMissing  # noqa: E402
from wordsight.stages import StageOptions  # noqa: E402

GOOD = {"version": 1, "labels": ["plate"], "side": 320, "strides": [8, 16, 32]}
ENGINES = ["openvino", "onnxruntime"]


def write(path, metadata, channels=13, strides=(8, 16, 32)):
    """A tiny network: for every stride an average over its cells, repeated to so many channels."""
    nodes, outputs = [], []
    kernel = helper.make_tensor("k", TensorProto.FLOAT, [channels, 3, 1, 1], np.full(channels * 3, 0.1).tolist())
    for stride in strides:
        pool = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        nodes.append(helper.make_node("AveragePool", ["x"], [f"p{stride}"], **pool))
        nodes.append(helper.make_node("Conv", [f"p{stride}", "k"], [f"stride{stride}"]))
        shape = ["n", channels, f"h{stride}", f"w{stride}"]
        outputs.append(helper.make_tensor_value_info(f"stride{stride}", TensorProto.FLOAT, shape))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])
    graph = helper.make_graph(nodes, "tiny", [x], outputs, [kernel])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if metadata is not None:
        helper.set_model_props(model, {KEY: metadata if isinstance(metadata, str) else json.dumps(metadata)})
    onnx.save(model, str(path))
    return path


def open_file(path, engine="onnxruntime"):
    return SingleShot.open(path, StageOptions(engine=engine, precision="f32", threads=1))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_says_what_it_finds(tmp_path, engine):
    model = open_file(write(tmp_path / "a.onnx", GOOD), engine)
    assert model.labels == ("plate",) and model.contract.side == 320
    assert model.find(np.full((50, 80, 3), 128, np.uint8)) is not None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("channels", "strides"), [(12, (8, 16, 32)), (14, (8, 16, 32)), (13, (8, 16)), (13, (4, 8, 16)), (13, (32, 16, 8))]
)
def test_maps_of_another_shape_are_told_when_the_file_is_opened(tmp_path, engine, channels, strides):
    with pytest.raises(ModelError, match="its metadata promise"):
        open_file(write(tmp_path / "a.onnx", GOOD, channels, strides), engine)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        "",
        "[1]",
        "{",
        "[" * 100_000,
        '"text"',
        {},
        GOOD | {"version": 2},
        GOOD | {"labels": []},
        GOOD | {"labels": "plate"},
        GOOD | {"labels": ["a", "a"]},
        GOOD | {"labels": ["a", 1]},
        GOOD | {"labels": [""]},
        GOOD | {"labels": [str(i) for i in range(1001)]},
        GOOD | {"side": 0},
        GOOD | {"side": 10**9},
        GOOD | {"side": "640"},
        GOOD | {"side": True},
        GOOD | {"side": 640.0},
        GOOD | {"strides": []},
        GOOD | {"strides": [0]},
        GOOD | {"strides": [7, 16, 32]},
        GOOD | {"strides": {"8": 1}},
        GOOD | {"strides": [[8]]},
    ],
)
def test_metadata_that_say_something_else_are_refused(tmp_path, metadata):
    with pytest.raises(ModelError, match="export it again"):
        open_file(write(tmp_path / "a.onnx", metadata))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("damage", ["empty", "half", "noise"])
def test_broken_files_are_refused(tmp_path, engine, damage):
    data = write(tmp_path / "a.onnx", GOOD).read_bytes()
    tail = data[data.rfind(KEY.encode()) - 4 :]  # the metadata stay whole
    noise = np.random.default_rng(0).integers(0, 256, len(data) // 2, np.uint8).tobytes()
    (tmp_path / "a.onnx").write_bytes(
        {"empty": b"", "half": data[: len(data) // 2] + tail, "noise": noise + tail}[damage]
    )
    with pytest.raises(ModelError):
        open_file(tmp_path / "a.onnx", engine)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(WeightsMissing, match="is not there"):
        open_file(tmp_path / "a.onnx")


def test_a_contract_is_read_as_it_was_written():
    contract = Contract(("plate", "ключ"), 640, (8, 16, 32))
    assert Contract.parse(json.dumps(contract.dump())) == contract
