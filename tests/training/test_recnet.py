"""The PP-OCRv6 recognizer as torch modules gives what ONNX Runtime gives; charsets are cut and grown row by row."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from wordsight.charset import Charset  # noqa: E402
from wordsight.errors import ModelError, WeightsCorrupt  # noqa: E402
from wordsight.models import cards  # noqa: E402
from wordsight.models.crnn import BiLstmNeck, crnn, crnn_from, crnn_vgg  # noqa: E402
from wordsight.models.lcnet import load_convolutions, read_convolutions  # noqa: E402
from wordsight.models.recnet import CtcRecognizer, RecognitionBackbone, select_classes, stock_recognizer  # noqa: E402
from wordsight.training.networks import LATIN, choose_charset  # noqa: E402

PATH = cards.find(cards.PP_OCR_RECOGNIZER)


@pytest.fixture(scope="module")
def stock() -> CtcRecognizer:
    return stock_recognizer().eval()


@pytest.mark.parametrize("shape", [(2, 3, 48, 128), (1, 3, 48, 336)])
def test_the_network_matches_onnx_runtime(stock, shape):
    x = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    (wanted,) = onnxruntime.InferenceSession(str(PATH)).run(None, {"x": x})
    with torch.inference_mode():
        found = stock(torch.from_numpy(x)).softmax(-1).numpy()
    assert found.shape == wanted.shape == (shape[0], shape[3] // 8, 18710)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert wanted.max() > 0.1


def test_another_network_is_refused():
    weights = read_convolutions(cards.find(cards.PP_OCR_DETECTOR))
    with pytest.raises(ModelError, match="another network"):
        load_convolutions(RecognitionBackbone(), iter(weights))
    with pytest.raises(WeightsCorrupt, match="charset"):
        stock_recognizer(cards.find(cards.PP_OCR_DETECTOR))


def test_kept_characters_keep_their_rows_and_new_ones_are_improbable(stock):
    grown = select_classes(stock, choose_charset(stock.charset, "abcé", ["한글 b"]))
    assert grown.charset.symbols == ("a", "b", "c", "é", "글", "한", " ")
    x = torch.randn(2, 3, 48, 128)
    with torch.inference_mode():
        old, new = stock(x), grown(x)
    classes = [0, *(stock.charset.symbols.index(s) + 1 for s in "abcé")]
    assert torch.equal(grown.out.weight[:5], stock.out.weight[classes])
    assert torch.equal(grown.out.weight[7], stock.out.weight[-1])
    torch.testing.assert_close(new[..., :5], old[..., classes])
    assert grown.out.bias[5:7].tolist() == [stock.out.bias.min().item()] * 2


def test_a_grown_charset_reads_what_it_read(stock):
    x = torch.randn(1, 3, 48, 160)
    grown = select_classes(stock, choose_charset(stock.charset, "keep", ["Їжак"]))
    assert len(grown.charset) > len(stock.charset)
    with torch.inference_mode():
        old, new = stock(x).softmax(-1), grown(x).softmax(-1)
    before = [stock.charset.symbol(int(i)) for i in old[0].argmax(-1)]
    assert [grown.charset.symbol(int(i)) for i in new[0].argmax(-1)] == before


def test_crnn_takes_over_what_fits(stock):
    model = crnn_from(stock)
    neck = model.neck
    assert isinstance(neck, BiLstmNeck) and neck.around is not None
    assert torch.equal(neck.around.weight, stock.neck.around.weight)
    x = torch.randn(2, 3, 48, 128)
    with torch.inference_mode():
        assert torch.equal(model.backbone(x), stock.backbone(x))
        assert model(x).shape == (2, 16, 18710)
    latin = select_classes(model, choose_charset(stock.charset, "latin", []))
    assert sum(p.numel() for p in latin.parameters()) < 5e6
    assert len(LATIN) < 350 and set(LATIN[:94]) == {chr(code) for code in range(33, 127)}


def test_the_paper_s_own_backbone():
    model = crnn_vgg(Charset.pp_ocr("abc"))
    assert model(torch.randn(2, 3, 48, 128)).shape == (2, 31, 5)
    assert sum(p.numel() for p in model.parameters()) < 8.3e6
    alone = model.eval()(torch.ones(1, 3, 48, 64))
    together = model(torch.cat([torch.ones(1, 3, 48, 64), torch.randn(3, 3, 48, 64)]))
    torch.testing.assert_close(alone[0], together[0], atol=1e-4, rtol=1e-3)  # nothing depends on the batch


def test_random_networks_have_the_shapes_of_stock(stock):
    fresh, taken = crnn(stock.charset).state_dict(), crnn_from(stock).state_dict()
    assert {k: v.shape for k, v in fresh.items()} == {k: v.shape for k, v in taken.items()}
