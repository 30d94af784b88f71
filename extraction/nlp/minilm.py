"""The transformer of all-MiniLM-L6-v2 in plain torch, only to export it. Running it needs no torch.

Wang et al. 2020, "MiniLM" (arXiv 2002.10957); architecture after Devlin et al. 2019 (arXiv 1810.04805).
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["HIDDEN", "LAYERS", "MAX_PIECES", "WORD_LAYERS", "MiniLm", "state_from_bert"]

HIDDEN = 384
HEADS = 12
LAYERS = 6
VOCABULARY = 30522
MAX_PIECES = 512
WORD_LAYERS = (3, 5)
"""The hidden states (0 is the embedding layer) whose concatenation serves token tagging."""


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.out_norm = nn.LayerNorm(HIDDEN, 1e-12)
        self.up = nn.Linear(HIDDEN, 4 * HIDDEN)
        self.down = nn.Linear(4 * HIDDEN, HIDDEN)
        self.down_norm = nn.LayerNorm(HIDDEN, 1e-12)

    def forward(self, x: Tensor) -> Tensor:
        batch, pieces, _ = x.shape
        heads = (
            t.reshape(batch, pieces, HEADS, HIDDEN // HEADS).transpose(1, 2) for t in self.qkv(x).split(HIDDEN, -1)
        )
        query, key, value = heads
        weights = torch.softmax(query @ key.transpose(2, 3) * (HIDDEN // HEADS) ** -0.5, -1)
        x = self.out_norm(x + self.out((weights @ value).transpose(1, 2).reshape(batch, pieces, HIDDEN)))
        normed: Tensor = self.down_norm(x + self.down(functional.gelu(self.up(x))))
        return normed


class MiniLm(nn.Module):
    """Takes one text: word piece ids int64 [1, n] with [CLS] and [SEP], without padding (so it needs no mask)."""

    def __init__(self) -> None:
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, HIDDEN)
        self.position = nn.Embedding(MAX_PIECES, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, 1e-12)
        self.layers = nn.ModuleList(_Layer() for _ in range(LAYERS))

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The mean-pooled unit vector [1, 384] and the states of WORD_LAYERS, concatenated [1, n, 768]."""
        x = self.norm(self.word(ids) + self.position.weight[: ids.shape[1]])
        states = [x]
        for layer in self.layers:
            x = layer(x)
            states.append(x)
        return functional.normalize(x.mean(1), dim=-1), torch.cat([states[i] for i in WORD_LAYERS], -1)


def state_from_bert(bert: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Renames the tensors of a BERT checkpoint; the one token type that single texts use is added to the positions."""
    state = {
        "word.weight": bert["embeddings.word_embeddings.weight"],
        "position.weight": bert["embeddings.position_embeddings.weight"]
        + bert["embeddings.token_type_embeddings.weight"][0],
    }
    ours_to_bert = {
        "out": "attention.output.dense",
        "out_norm": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "down_norm": "output.LayerNorm",
    }
    for kind in ("weight", "bias"):
        state[f"norm.{kind}"] = bert[f"embeddings.LayerNorm.{kind}"]
        for i in range(LAYERS):
            prefix = f"encoder.layer.{i}."
            parts = [bert[f"{prefix}attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
            state[f"layers.{i}.qkv.{kind}"] = torch.cat(parts)
            for ours, theirs in ours_to_bert.items():
                state[f"layers.{i}.{ours}.{kind}"] = bert[f"{prefix}{theirs}.{kind}"]
    return state
