"""The shipped sentence encoder."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.errors import SettingsError
from bifrost.ports import Encoder
from extraction import encoder_minilm
from extraction.encoder_minilm import MAX_PIECES, MiniLmEncoder, load_encoder


@pytest.fixture(scope="module")
def encoder() -> MiniLmEncoder:
    return load_encoder()


def test_it_is_an_encoder_and_one_per_process(encoder: MiniLmEncoder) -> None:
    port: Encoder = encoder
    assert port.dimension == 384
    assert load_encoder() is load_encoder(1) is encoder
    assert load_encoder(2) is not encoder


def test_texts_about_the_same_thing_are_near(encoder: MiniLmEncoder) -> None:
    customer, client, weather = encoder.encode(["customer name", "name of the client", "It rained in Oslo all week."])
    assert customer @ client > 0.5 > customer @ weather + 0.2


def test_a_vector_depends_on_its_own_text_alone(encoder: MiniLmEncoder) -> None:
    texts = ["unit price", "A much longer text that would change the scale of a shared batch!", "unit price", ""]
    together = encoder.encode(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(encoder.encode([text])[0], vector)


def test_no_texts_give_no_vectors(encoder: MiniLmEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.encode_words([]).shape == (0, 768)


def test_a_long_text_is_cut(encoder: MiniLmEncoder) -> None:
    assert len(encoder.piece_ids("word " * 100_000)) == MAX_PIECES
    assert np.isfinite(encoder.encode(["a" * 1_000_000])).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=40), max_size=4))
def test_any_text_has_a_unit_vector(texts: list[str]) -> None:
    encoder = load_encoder()
    vectors = encoder.encode(texts)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.isfinite(encoder.encode_words(texts)).all()


def test_words_have_states_at_their_own_place(encoder: MiniLmEncoder) -> None:
    states = encoder.encode_words(["Interoperability", "\x00", "matters", "."])
    assert states.shape == (4, 768)
    assert not states[1].any()
    assert states[0].any()
    assert np.array_equal(states[[0, 2, 3]], encoder.encode_words(["Interoperability", "matters", "."]))


def test_a_sentence_beyond_the_window_is_read_in_several_runs(encoder: MiniLmEncoder) -> None:
    words = ["word,x"] * 300
    states = encoder.encode_words(words)
    assert (np.abs(states).sum(1) > 0).all()


def test_the_name_tells_which_weights_made_a_vector(encoder: MiniLmEncoder) -> None:
    content = encoder_minilm.MODEL_FILE.read_bytes() + encoder_minilm.TOKENIZER_FILE.read_bytes()
    assert encoder.name.endswith(hashlib.sha256(content).hexdigest()[:12])


def test_missing_weights_are_a_settings_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(encoder_minilm, "MODEL_FILE", tmp_path / "encoder.onnx")
    with pytest.raises(SettingsError, match=r"encoder\.onnx") as caught:
        MiniLmEncoder()
    assert "export_encoder" in caught.value.remedy


def test_a_thread_count_below_one_is_refused() -> None:
    with pytest.raises(SettingsError):
        MiniLmEncoder(threads=0)
