"""Splink 4 with generic settings, as a peer of record matching."""

import itertools
import logging
import warnings

import numpy as np
import pyarrow as pa

from linking.records.blocking import Pairs
from linking.records.decide import components, unique_mapping
from linking.records.fields import FieldKind
from linking.records.training import Labelled


def splink_f1(task: Labelled) -> float:
    """F1 of Splink's expectation maximisation: one-to-one for two tables, connected components above .5 for one."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    records = task.records
    frames = [_frame(task, side) for side in (("left",) if records.dirty else ("left", "right"))]
    names = {f.name: f"c{k}" for k, f in enumerate(records.fields)}
    comparisons = [
        cl.LevenshteinAtThresholds(names[f.name], 1)
        if f.kind in (FieldKind.CODE, FieldKind.NUMBER)
        else cl.JaroWinklerAtThresholds(names[f.name], [0.92, 0.8])
        for f in records.fields
    ]
    rules = [block_on(f"substr({c}, 1, 5)") for c in names.values()]
    settings = SettingsCreator(
        link_type="dedupe_only" if records.dirty else "link_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker = Linker(frames if len(frames) > 1 else frames[0], settings, DuckDBAPI())
        telling = sorted(records.fields, key=lambda f: -len(f.left.unique()))[:3]
        exact = [block_on(*(names[f.name] for f in pair)) for pair in itertools.combinations(telling, 2)]
        linker.training.estimate_probability_two_random_records_match(exact or rules, recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for rule in rules[:3]:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    ends = found[["unique_id_l", "unique_id_r"]].to_numpy().astype(np.int64)
    probability = found["match_probability"].to_numpy().astype(np.float32)
    if records.dirty:
        pairs = Pairs(ends.min(axis=1), ends.max(axis=1))
        label = components(pairs, probability >= 0.5, records.shape[0])
        hits = _inside(np.unique(np.stack([label, task.left_entity]), axis=1, return_inverse=True)[1])
        return 2 * hits / max(_inside(label) + task.true_pairs, 1)
    pairs = Pairs(ends[:, 0], ends[:, 1])
    chosen = pairs.take(unique_mapping(pairs, probability))
    hits = int((task.left_entity[chosen.left] == task.right_entity[chosen.right]).sum())
    return 2 * hits / max(len(chosen) + task.true_pairs, 1)


def _frame(task: Labelled, side: str) -> object:
    """A pandas frame, as Splink wants it; empty values are absent."""
    columns = {f"c{k}": getattr(f, side) for k, f in enumerate(task.records.fields)}
    frame = pa.table({"unique_id": pa.array(range(task.records.shape[side == "right"])), **columns}).to_pandas()
    return frame.replace({"": None})


def _inside(label: np.ndarray) -> int:
    sizes = np.unique(np.ravel(label), return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())
