"""The PP-OCRv6 network as torch modules gives what ONNX Runtime gives."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from wordsight.errors import ModelError, WeightsMissing  # noqa: E402
from wordsight.models import cards  # noqa: E402
from wordsight.models.heads import EastQuad, EastRbox, stock_detector, stock_east  # noqa: E402
from wordsight.models.lcnet import DetectionBody, load_convolutions, read_convolutions  # noqa: E402

PATH = cards.find(cards.PP_OCR_DETECTOR)


@pytest.mark.parametrize("shape", [(2, 3, 64, 96), (1, 3, 320, 224)])
def test_body_and_db_head_match_onnx_runtime(shape):
    x = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    wanted = onnxruntime.InferenceSession(str(PATH)).run(None, {"x": x})[0]
    body, head = stock_detector()
    with torch.inference_mode():
        found = head(body(torch.from_numpy(x))).numpy()
    assert found.shape == wanted.shape == (shape[0], 1, *shape[2:])
    assert wanted.std() > 1e-5
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-6)


def test_all_weights_of_the_graph_are_used():
    body, head = stock_detector()
    weights = read_convolutions(PATH)
    ours = sum(p.numel() for m in (body, head) for p in m.parameters())
    theirs = sum(w.kernel.size + (0 if w.bias is None else w.bias.size) for w in weights)
    assert ours == theirs > 2_400_000


def test_every_head_stands_on_any_features():
    features = torch.randn(1, 17, 8, 12)
    maps = EastRbox(17)(features)
    assert [tuple(m.shape) for m in maps] == [(1, c, 8, 12) for c in (1, 4, 2)]
    score, corners = EastQuad(17)(features)
    assert score.shape == (1, 1, 8, 12) and corners.shape == (1, 8, 8, 12)


def test_a_fresh_east_detector_takes_half_of_its_filters_from_db():
    _, db = stock_detector()
    hidden = stock_east().head.hidden
    assert torch.equal(hidden.weight[:24], db.hidden.weight) and torch.equal(hidden.bias[:24], db.hidden.bias)
    assert not torch.equal(hidden.weight[24:], db.hidden.weight)


def test_another_network_s_weights_are_refused():
    weights = read_convolutions(PATH)
    with pytest.raises(ModelError, match="another network"):
        load_convolutions(DetectionBody(), iter(weights[1:]))
    with pytest.raises(ModelError, match="no weights left"):
        load_convolutions(DetectionBody(), iter(weights[:5]))


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    path = tmp_path / "x.onnx"
    path.write_bytes(b"not a graph")
    with pytest.raises(ModelError, match="cannot be read"):
        read_convolutions(path)
    with pytest.raises(WeightsMissing):
        read_convolutions(tmp_path / "nowhere.onnx")
