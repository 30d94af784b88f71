"""PyKEEN's ComplEx and R-GCN as peers of link prediction, trained by another Python that has PyKEEN.

``BIFROST_PYKEEN=/path/to/python`` names it (``pip install pykeen`` into an environment of its own: the product does not
depend on it). ``python benchmarks/pykeen_peer.py FOLDER MODEL SECONDS SEED`` is what it runs; it prints the filtered MRR on
the test triples. ComplEx learns with reciprocal relations, one-against-all, by a cross-entropy and Adagrad; R-GCN with the
library's defaults.
"""

import functools
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

MODELS = ("complex", "rgcn")


def pykeen_mrr(folder: Path, seconds: float, seed: int) -> dict[str, float]:
    """Filtered MRR on the test triples by model, each after so many CPU seconds; empty where no PyKEEN is named."""
    python = os.environ.get("BIFROST_PYKEEN")
    if not python:
        return {}
    found = {}
    for model in MODELS:
        command = [python, __file__, str(folder), model, f"{seconds:.0f}", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[model] = float(done.stdout.split()[-1])
    return found


def train_and_test(folder: Path, model: str, seconds: float, seed: int) -> float:
    """Trains whole epochs until the CPU seconds are over. Needs PyKEEN."""
    import torch
    from pykeen.evaluation import RankBasedEvaluator
    from pykeen.triples import TriplesFactory

    torch.set_num_threads(1)
    known = TriplesFactory.from_path(folder / "train.txt", create_inverse_triples=model == "complex")
    numbers = {"entity_to_id": known.entity_to_id, "relation_to_id": known.relation_to_id}
    valid, test = (TriplesFactory.from_path(folder / f"{part}.txt", **numbers) for part in ("valid", "test"))
    made, loop, batch = _set_up(model, known, seed)
    clock = time.process_time()
    epochs = 0
    while time.process_time() - clock < seconds:
        epochs += 1
        loop.train(known, num_epochs=epochs, batch_size=batch, continue_training=epochs > 1, use_tqdm=False)
    result = RankBasedEvaluator().evaluate(
        made,
        test.mapped_triples,
        batch_size=64,
        additional_filter_triples=[known.mapped_triples, valid.mapped_triples],
        use_tqdm=False,
    )
    print(f"{model}: {epochs} epochs", file=sys.stderr)
    lines = sum(1 for line in (folder / "test.txt").read_text(encoding="utf-8").splitlines() if line.strip())
    mrr: float = result.get_metric("both.realistic.inverse_harmonic_mean_rank")
    return mrr * len(test.mapped_triples) / lines


def _set_up(model: str, known: Any, seed: int) -> tuple[Any, Any, int]:
    """The model, its training loop and the size of a batch."""
    import torch
    from pykeen.models import RGCN, ComplEx
    from pykeen.training import LCWATrainingLoop, SLCWATrainingLoop

    if model == "rgcn":
        graph = RGCN(triples_factory=known, random_seed=seed)
        adam = torch.optim.Adam(graph.parameters(), lr=1e-3)
        return graph, SLCWATrainingLoop(model=graph, triples_factory=known, optimizer=adam), 8_192
    small = functools.partial(torch.nn.init.normal_, std=1e-3)
    decoder = ComplEx(
        triples_factory=known,
        embedding_dim=256,
        entity_initializer=small,
        relation_initializer=small,
        loss="crossentropy",
        random_seed=seed,
    )
    adagrad = torch.optim.Adagrad(decoder.parameters(), lr=0.1)
    return decoder, LCWATrainingLoop(model=decoder, triples_factory=known, optimizer=adagrad), 512


if __name__ == "__main__":
    folder, model, seconds, seed = sys.argv[1:]
    print(train_and_test(Path(folder), model, float(seconds), int(seed)))
