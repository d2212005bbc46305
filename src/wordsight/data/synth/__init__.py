"""Synthesis: pictures of words and scenes with their truth, made from fonts, word lists and computed textures.

``word(index, seed, config)`` and ``scene(index, seed, config)`` depend on nothing but their arguments and the fonts
and word lists installed, so any number of workers makes the same pictures.
"""

from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.export import write_synthetic
from wordsight.data.synth.scenes import scene
from wordsight.data.synth.sheet import scene_sheet, word_sheet
from wordsight.data.synth.words import word

__all__ = ["SynthConfig", "scene", "scene_sheet", "word", "word_sheet", "write_synthetic"]
