"""Decoys: what the best match of a record looks like when its true partner is absent, learnt from the task itself.

Where each thing occurs once per table, a unique mapping pairs records with their partners, or, for records without one,
with whatever is nearest. A second unique mapping, made after the first one's pairs are taken away, consists of
such nearest strangers alone. A classifier that tells the first mapping (targets) from the second (decoys) therefore
estimates, without labels, the odds that a pair is a true match; the share of targets that look like decoys estimates how
many records have no partner. The idea is target-decoy competition (Elias and Gygi 2007) with the two-groups
model of Efron 2004, carried over from mass spectrometry to record matching.
"""

import numpy as np
from numpy.typing import NDArray

from linking.records.blocking import Pairs
from linking.records.compare import Comparer
from linking.records.decide import unique_mapping
from linking.records.features import PAIR_FEATURES, RIVAL_FEATURES, rival_features
from linking.records.logistic import fit_logistic

__all__ = ["DECOY_FEATURES", "decoy_features"]

Float = NDArray[np.float32]
DECOY_FEATURES = ("decoy_ratio", "decoy_odds")
SURPLUS = len(PAIR_FEATURES) + RIVAL_FEATURES.index("mix_surplus")
LEAST = 10
"""With fewer targets or decoys there is nothing to learn from."""


def decoy_features(comparer: Comparer, pairs: Pairs, features: Float) -> Float:
    """DECOY_FEATURES of each pair, float32 [pairs, 2], from its PAIR_FEATURES and RIVAL_FEATURES.

    ``decoy_ratio`` is the log density ratio of targets over decoys, ``decoy_odds`` the log odds of a true match
    that follow from it and from the estimated share of records without a partner.
    """
    result = np.zeros((len(pairs), 2), np.float32)
    target = unique_mapping(pairs, features[:, SURPLUS])
    rest = np.flatnonzero(~target)
    remaining = pairs.take(rest)
    own = features[rest, : len(PAIR_FEATURES)]
    against = rival_features(comparer, remaining, own)
    decoy = unique_mapping(remaining, against[:, SURPLUS - len(PAIR_FEATURES)])
    if target.sum() < LEAST or decoy.sum() < LEAST:
        return result
    decoys = np.hstack([own[decoy], against[decoy]])
    x = np.vstack([features[target], decoys])
    y = np.r_[np.ones(int(target.sum()), bool), np.zeros(len(decoys), bool)]
    model = fit_logistic(x, y, penalty=100.0)
    balance = float(np.log(len(decoys) / target.sum()))
    ratio = model.log_odds(features) + balance
    # Half of all decoys lie below their median; so do half of the targets that are strangers, and hardly any other.
    middle = float(np.median(model.log_odds(decoys)) + balance)
    strangers = float(np.clip(2 * np.mean(ratio[target] < middle), 0.01, 0.99))
    true = np.clip(1 - strangers * np.exp(-np.clip(ratio, -20, 20)), 1e-4, 1 - 1e-4)
    result[:, 0] = np.clip(ratio, -8, 8)
    result[:, 1] = np.log(true / (1 - true))
    return result
