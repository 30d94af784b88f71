"""Ridge logistic regression around an offset: small, deterministic, and fast enough to refit at every answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Logistic", "fit_logistic"]

Float = NDArray[np.float32]
AnyFloat = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logistic:
    """Log odds = offset + (x - mean) / scale @ weights + bias."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float

    def contributions(self, x: Float) -> NDArray[np.float64]:
        """What each feature adds to the log odds, float64 [rows, features]."""
        return (x - self.mean) / self.scale * self.weights

    def log_odds(self, x: Float, offset: Float | float = 0.0) -> Float:
        """float32 [rows]."""
        return np.asarray(((x - self.mean) / self.scale) @ self.weights + self.bias + offset, np.float32)


def fit_logistic(
    x: AnyFloat,
    y: NDArray[np.bool_] | NDArray[np.float64],
    *,
    penalty: float | NDArray[np.float64],
    weight: AnyFloat | None = None,
    offset: AnyFloat | None = None,
    bias_penalty: float = 1e-4,
    mean: NDArray[np.float64] | None = None,
    scale: NDArray[np.float64] | None = None,
    rounds: int = 30,
) -> Logistic:
    """Newton's method on the log loss plus ``penalty / 2 * |weights|^2``; features are standardised. ``y`` may be probabilities,
    and each feature may have a penalty of its own.

    With ``offset`` the weights correct a model that is already there, and shrink to it as the penalty grows.
    ``mean`` and ``scale`` standardise by another population than ``x``.
    """
    mean = x.mean(axis=0, dtype=np.float64) if mean is None else mean
    scale = x.std(axis=0, dtype=np.float64) if scale is None else scale
    scale = np.where(scale < 1e-6, 1.0, scale)
    z = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    weights = np.ones(len(x)) if weight is None else weight.astype(np.float64)
    base = np.zeros(len(x)) if offset is None else offset.astype(np.float64)
    ridge = np.append(np.broadcast_to(penalty, z.shape[1] - 1), bias_penalty)
    wanted = y.astype(np.float64)

    def loss(beta: NDArray[np.float64]) -> float:
        odds = z @ beta + base
        return float(weights @ (np.logaddexp(0, odds) - wanted * odds) + 0.5 * ridge @ beta**2)

    beta = np.zeros(z.shape[1])
    value = loss(beta)
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(z @ beta + base, -30, 30)))
        gradient = z.T @ (weights * (p - wanted)) + ridge * beta
        curvature = (z * (weights * np.maximum(p * (1 - p), 1e-5))[:, None]).T @ z + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        # Far from the optimum a full Newton step may overshoot: it is halved until the loss falls.
        while (lower := loss(beta - step)) > value and np.abs(step).max() > 1e-7:
            step = step / 2
        beta, change = beta - step, value - lower
        value = lower
        if change < 1e-7 * max(1.0, abs(value)):
            break
    return Logistic(mean, scale, beta[:-1], float(beta[-1]))
