"""The trainable tagging head on frozen encoder states: torch for training, ONNX for reading.

Linear projection of the states, beside embeddings of shape and suffix, into one bidirectional LSTM (after Lample et al.
2016, arXiv 1603.01360, with constrained decoding in place of a CRF).
"""

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from extraction.nlp.bio import TAGS
from extraction.nlp.features import SHAPES, SUFFIXES

__all__ = ["STATE_SIZE", "TaggingHead", "to_onnx"]

STATE_SIZE = 768
PROJECTION = 128
SHAPE_SIZE = 16
SUFFIX_SIZE = 24
HIDDEN = 96


class TaggingHead(nn.Module):
    """Scores each word of padded sentences for each tag."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.project = nn.Linear(STATE_SIZE, PROJECTION)
        self.shape = nn.Embedding(SHAPES, SHAPE_SIZE)
        self.suffix = nn.Embedding(SUFFIXES, SUFFIX_SIZE)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(PROJECTION + SHAPE_SIZE + SUFFIX_SIZE, HIDDEN, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * HIDDEN, len(TAGS))

    def forward(self, states: Tensor, shapes: Tensor, suffixes: Tensor, lengths: Tensor) -> Tensor:
        """Log probabilities [batch, longest, tags] of states [batch, longest, 768] and buckets [batch, longest];
        ``lengths`` [batch] on the CPU, longest first."""
        projected = torch.relu(self.project(self.dropout(states)))
        joined = self.dropout(torch.cat([projected, self.shape(shapes), self.suffix(suffixes)], -1))
        packed, _ = self.lstm(pack_padded_sequence(joined, lengths, batch_first=True))
        hidden, _ = pad_packed_sequence(packed, batch_first=True)
        return torch.log_softmax(self.out(self.dropout(hidden)), -1)


def _gates(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Torch orders LSTM gates input, forget, cell, output; ONNX input, output, forget, cell."""
    i, f, c, o = np.split(matrix, 4)
    return np.concatenate([i, o, f, c])


def _lstm_weights(state: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    directions = ("l0", "l0_reverse")
    bias = [
        np.concatenate([_gates(state[f"lstm.bias_ih_{name}"]), _gates(state[f"lstm.bias_hh_{name}"])])
        for name in directions
    ]
    return {
        "lstm.input": np.stack([_gates(state[f"lstm.weight_ih_{name}"]) for name in directions]),
        "lstm.recurrent": np.stack([_gates(state[f"lstm.weight_hh_{name}"]) for name in directions]),
        "lstm.bias": np.stack(bias),
    }


def to_onnx(head: TaggingHead) -> bytes:
    """The head for one sentence: states [n, 768], shapes [n], suffixes [n] to log_probabilities [n, tags]."""
    state = {name: tensor.detach().numpy().astype(np.float32) for name, tensor in head.state_dict().items()}
    weights = {
        "project.weight": state["project.weight"].T,
        "project.bias": state["project.bias"],
        "shape": state["shape.weight"],
        "suffix": state["suffix.weight"],
        "out.weight": state["out.weight"].T,
        "out.bias": state["out.bias"],
        **_lstm_weights(state),
    }
    constants = {"one": np.array([1], np.int64), "flat": np.array([-1, 2 * HIDDEN], np.int64)}
    nodes = [
        helper.make_node("Gemm", ["states", "project.weight", "project.bias"], ["projected"]),
        helper.make_node("Relu", ["projected"], ["active"]),
        helper.make_node("Gather", ["shape", "shapes"], ["shape_rows"]),
        helper.make_node("Gather", ["suffix", "suffixes"], ["suffix_rows"]),
        helper.make_node("Concat", ["active", "shape_rows", "suffix_rows"], ["joined"], axis=1),
        helper.make_node("Unsqueeze", ["joined", "one"], ["steps"]),
        helper.make_node(
            "LSTM",
            ["steps", "lstm.input", "lstm.recurrent", "lstm.bias"],
            ["hidden"],
            direction="bidirectional",
            hidden_size=HIDDEN,
        ),
        helper.make_node("Reshape", ["hidden", "flat"], ["rows"]),
        helper.make_node("Gemm", ["rows", "out.weight", "out.bias"], ["scores"]),
        helper.make_node("LogSoftmax", ["scores"], ["log_probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "tagging_head",
        [
            helper.make_tensor_value_info("states", TensorProto.FLOAT, ["n", STATE_SIZE]),
            helper.make_tensor_value_info("shapes", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("suffixes", TensorProto.INT64, ["n"]),
        ],
        [helper.make_tensor_value_info("log_probabilities", TensorProto.FLOAT, ["n", len(TAGS)])],
        [
            numpy_helper.from_array(np.ascontiguousarray(array), name)
            for name, array in [*weights.items(), *constants.items()]
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
