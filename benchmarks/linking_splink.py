"""Splink 4 as a peer of record matching, set up for each table by what its columns hold.

Names by Jaro-Winkler with term frequencies, codes by edit distance, numbers by relative difference, long texts by the share
of common words. Blocking by equal values, beginnings and rare words (exploded), so that no set lacks candidates. All
parameters are estimated by expectation maximisation; nothing sees a label.
"""

import contextlib
import logging
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.linking_entities import inside
from linking.records.blocking import Pairs
from linking.records.decide import components, unique_mapping
from linking.records.fields import Field, FieldKind
from linking.records.training import Labelled

COMMON = 25
"""Words in more records than this make no block."""
CUTS = (0.5, 0.95)
WEIGHTS = (-10.0, -5.0, -2.0, 0.0, 3.0)


def splink_f1(task: Labelled) -> float:
    """F1 of Splink: one-to-one for two tables, connected components for one, each at the threshold that suits it best.

    The choice of the threshold knows the truth, which Splink would not: it errs in Splink's favour. Of two set-ups (words
    or Jaro-Winkler for long texts) the better one counts, as a person who knows Splink might choose.
    """
    texts = any(f.kind is FieldKind.TEXT for f in task.records.fields)
    return max(_f1(task, _predict(task, words=words)) for words in ((True, False) if texts else (False,)))


def _f1(task: Labelled, found: Any) -> float:
    ends = found[["unique_id_l", "unique_id_r"]].to_numpy().astype(np.int64)
    weight = found["match_weight"].to_numpy().astype(np.float32)
    probability = found["match_probability"].to_numpy()
    if task.records.dirty:
        pairs = Pairs(ends.min(axis=1), ends.max(axis=1))
        return max(_clustered(task, pairs, probability >= cut) for cut in CUTS)
    pairs = Pairs(ends[:, 0], ends[:, 1])
    mapped = unique_mapping(pairs, weight)
    true = task.left_entity[pairs.left] == task.right_entity[pairs.right]
    kept = [mapped & (weight >= cut) for cut in WEIGHTS]
    return max(2 * int((k & true).sum()) / max(int(k.sum()) + task.true_pairs, 1) for k in kept)


def _predict(task: Labelled, *, words: bool) -> Any:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.internals.exceptions import EMTrainingException

    logging.getLogger("splink").setLevel(logging.CRITICAL)
    records = task.records
    names = [f"c{k}" for k in range(len(records.fields))]
    frames = _frames(task)
    telling = _telling(names, records.fields)
    texts = telling[:6]
    rules = [block_on(n) for n in texts] + [block_on(f"substr({n}, 1, 5)") for n in texts]
    rules.append(block_on("rare", arrays_to_explode=["rare"]))
    settings = SettingsCreator(
        link_type="dedupe_only" if records.dirty else "link_only",
        comparisons=[_comparison(n, f, words=words) for n, f in zip(names, records.fields, strict=True)],
        blocking_rules_to_generate_predictions=rules,
        # Estimating it by exact rules fails where no two columns are ever equal together: every second record has a partner.
        probability_two_random_records_match=0.5 / max(records.shape) if not records.dirty else 1 / records.shape[0],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker = Linker(frames if len(frames) > 1 else frames[0], settings, DuckDBAPI())
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for name in telling[:3]:
            # A column that is written differently on both sides has no pairs to learn from.
            with contextlib.suppress(EMTrainingException):
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(f"substr({name}, 1, 5)"))
        return linker.inference.predict(
            threshold_match_weight=0.0 if records.dirty else WEIGHTS[0]
        ).as_pandas_dataframe()


def _telling(names: Sequence[str], fields: Sequence[Field]) -> list[str]:
    """Columns that tell records apart, the best first; at least one."""
    shares = [len(f.left.unique()) / max(len(f.left), 1) for f in fields]
    ranked = sorted(range(len(names)), key=lambda k: (fields[k].kind is FieldKind.NUMBER, -shares[k]))
    return [names[k] for k in ranked if k == ranked[0] or (shares[k] >= 0.1 and fields[k].kind is not FieldKind.NUMBER)]


def _comparison(name: str, field: Field, *, words: bool) -> Any:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    if field.kind is FieldKind.TEXT and not words:
        return cl.JaroWinklerAtThresholds(name, [0.92, 0.8])
    match field.kind:
        case FieldKind.NAME:
            return cl.JaroWinklerAtThresholds(name, [0.95, 0.88, 0.75]).configure(term_frequency_adjustments=True)
        case FieldKind.CODE:
            return cl.DamerauLevenshteinAtThresholds(name, [1, 2]).configure(term_frequency_adjustments=True)
        case FieldKind.NUMBER:
            near = [cll.PercentageDifferenceLevel(name, share) for share in (0.01, 0.1, 0.25)]
            return cl.CustomComparison(
                output_column_name=name,
                comparison_levels=[cll.NullLevel(name), cll.ExactMatchLevel(name), *near, cll.ElseLevel()],
            )
    column = f"{name}_words"
    share = f"len(list_intersect({column}_l, {column}_r)) / least(len({column}_l), len({column}_r))"
    levels = [cll.CustomLevel(f"{share} >= {cut}", f"common words {cut}") for cut in (0.8, 0.6, 0.4, 0.25)]
    return cl.CustomComparison(
        output_column_name=name,
        comparison_levels=[cll.NullLevel(column), cll.ExactMatchLevel(name), *levels, cll.ElseLevel()],
    )


def _frames(task: Labelled) -> list[Any]:
    """Pandas frames, as Splink wants them; empty values are absent."""
    import pandas as pd  # type: ignore[import-untyped]

    sides: Sequence[str] = ("left",) if task.records.dirty else ("left", "right")
    values = {side: [getattr(f, side).to_pylist() for f in task.records.fields] for side in sides}
    words = {
        side: [sorted({w for v in row for w in re.findall(r"\w{3,}", v)}) for row in zip(*columns, strict=True)]
        for side, columns in values.items()
    }
    often = Counter(w for rows in words.values() for row in rows for w in row)
    frames = []
    for side in sides:
        made: dict[str, Any] = {"unique_id": range(len(words[side]))}
        for k, (field, column) in enumerate(zip(task.records.fields, values[side], strict=True)):
            if field.kind is FieldKind.NUMBER:
                plain = [re.sub(r"[^0-9.]", "", v) for v in column]
                made[f"c{k}"] = pd.to_numeric(pd.Series(plain), errors="coerce")
                continue
            made[f"c{k}"] = [v or None for v in column]
            if field.kind is FieldKind.TEXT:
                made[f"c{k}_words"] = [sorted(set(re.findall(r"\w+", v))) or None for v in column]
        made["rare"] = [[w for w in row if often[w] <= COMMON] for row in words[side]]
        frames.append(pd.DataFrame(made))
    return frames


def _clustered(task: Labelled, pairs: Pairs, keep: np.ndarray) -> float:
    label = components(pairs, keep, task.records.shape[0])
    hits = inside(np.unique(np.stack([label, task.left_entity]), axis=1, return_inverse=True)[1])
    return 2 * hits / max(inside(label) + task.true_pairs, 1)
