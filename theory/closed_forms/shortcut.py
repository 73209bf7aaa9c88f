"""A shortcut of k bits beside one other feature: what it leaves to learn, and when it takes everything.

A sample carries a code of k fair bits that no view touches. What is there to gain from anything else?

**(1) What a perfect code leaves.** Of N negatives, those with the anchor's own code can't be told from its partner:
Bin(N, 2^−k) of them. An encoder that knows the code and nothing else therefore keeps the loss ::

    R(k, N) = E log(1 + Bin(N, 2^−k))

which is log(1 + N) at k = 0 and dies once k exceeds log₂ N by about two. It holds for any similarity as the temperature
goes to 0; at a finite one, an encoder's loss is larger.

**(2) On the unit sphere.** Let an embedding give the share e of its energy to another feature B, and 1 − e to the code
as ±1/√k. Partners have the similarity (1 − e) + eλ with B's cross-view correlation λ; negatives have (1 − e) S, where
S is the mean of k signs and B is so high-dimensional that two samples are orthogonal in it. The loss
``E log(1 + Σ_j exp((s_j − s₊)/τ))`` then has at e = 0 the slope ::

    dL/de = (1/τ) (1 − p₊) [(1 − λ) − s̄],      s̄ = E[S e^{S/τ}] / E[e^{S/τ}] = tanh(1/(kτ))

since E e^{S/τ} = cosh(1/(kτ))^k, whose logarithm's derivative s̄ is; many negatives stand behind both means. **B is
learned where s̄ > 1 − λ**, which is where ::

    (3)  k < k* = 1 / (τ artanh(1 − λ))

The first factor is how far from solved the code leaves the batch, ::

    (4)  1 − p₊ ≈ Z/(1 + Z),    Z = N E e^{(S − 1)/τ} = N [(1 + e^{−2/(kτ)})/2]^k

so that beyond log₂ N bits nothing is learned *soon*, on either side of k*.

**(5) A code that views destroy.** If each view redraws its code with probability p, both views of a pair have it with
q = (1 − p)². Where they don't, the partner's similarity in the code is that of a stranger, p₊ ≈ 0, and the slope is
−(λ + s̄)/τ. Together, B is learned iff (1 − q)(λ + s̄) > q (1 − p₊)(1 − λ − s̄), from ::

    p* = 1 − √(1/(1 + r)),    r = (1 − p₊)(1 − λ − s̄)/(λ + s̄)

on. A few percent reopen what the code has closed.

What is assumed: (1) nothing but the code being known; (2) to (5) cosine similarity, a code of equal strengths, N large
enough that means stand for sums, B high-dimensional, an embedding wide enough for both, and a share that grows from
zero. Under a dot product there is neither τ nor k*: bits have λ = 1, come first, and B is lost where they fill all m
places of the embedding, at k = m (``theory.solve``). Derivations are ours.
"""

import math

import numpy as np
from numpy.typing import ArrayLike


def residual_loss(bits: float, num_negatives: int) -> float:
    """Returns R(k, N) of (1) in nats: the loss of an encoder that knows a code of k bits and nothing else.

    Args:
        bits: Number k of bits, 0 or more.
        num_negatives: Number N of negatives of each anchor: 2 · batch − 2 in SimCLR's loss.

    Raises:
        ValueError: Fewer than no bits, or no negatives.
    """
    _check(bits, num_negatives=num_negatives)
    if bits == 0:
        return math.log1p(num_negatives)
    from scipy.special import gammaln, xlogy  # here, so that other closed forms don't wait for it

    alike = np.arange(num_negatives + 1)
    chance = 2.0**-bits
    log_probability = gammaln(num_negatives + 1) - gammaln(alike + 1) - gammaln(num_negatives - alike + 1)
    log_probability += xlogy(alike, chance) + (num_negatives - alike) * math.log1p(-chance)
    return float(np.exp(log_probability) @ np.log1p(alike))


def negative_similarity(bits: ArrayLike, temperature: float) -> np.ndarray:
    """Returns s̄ of (2): the mean similarity of negatives in the code, weighted by the softmax; 1 without bits.

    Args:
        bits: Numbers k of bits, of any shape.
        temperature: Temperature τ.
    """
    bits = np.asarray(bits, float)
    _check(bits.min(), temperature=temperature)
    with np.errstate(divide="ignore"):
        return np.tanh(1 / (bits * temperature))


def unsolved(bits: ArrayLike, temperature: float, num_negatives: int) -> np.ndarray:
    """Returns 1 − p₊ of (4): the part of the softmax that a perfect code leaves to negatives.

    Args:
        bits: Numbers k of bits, of any shape.
        temperature: Temperature τ.
        num_negatives: Number N of negatives.
    """
    bits = np.asarray(bits, float)
    _check(bits.min(), temperature=temperature, num_negatives=num_negatives)
    with np.errstate(divide="ignore"):
        left = num_negatives * ((1 + np.exp(-2 / (bits * temperature))) / 2) ** bits
    return left / (1 + left)


def onset_slope(bits: ArrayLike, temperature: float, correlation: float, num_negatives: int) -> np.ndarray:
    """Returns dL/de of (2), the loss's slope in the feature's share of the energy at 0: it is learned if negative.

    Args:
        bits: Numbers k of bits, of any shape.
        temperature: Temperature τ.
        correlation: Cross-view correlation λ of the feature, in (0, 1).
        num_negatives: Number N of negatives.
    """
    _check(0, correlation=correlation)
    gap = 1 - correlation - negative_similarity(bits, temperature)
    return unsolved(bits, temperature, num_negatives) * gap / temperature


def critical_bits(temperature: float, correlation: float) -> float:
    """Returns k* of (3): a feature beside a code of as many bits, or more, isn't learned.

    Args:
        temperature: Temperature τ.
        correlation: Cross-view correlation λ of the feature, in (0, 1).

    Raises:
        ValueError: A correlation or a temperature that isn't allowed.
    """
    _check(0, temperature=temperature, correlation=correlation)
    return 1 / (temperature * math.atanh(1 - correlation))


def critical_dropping(bits: ArrayLike, temperature: float, correlation: float, num_negatives: int) -> np.ndarray:
    """Returns p* of (5): the fraction of views whose code is redrawn above which the feature is learned, 0 below k*.

    Args:
        bits: Numbers k of bits, of any shape.
        temperature: Temperature τ.
        correlation: Cross-view correlation λ of the feature, in (0, 1).
        num_negatives: Number N of negatives.
    """
    _check(0, correlation=correlation)
    similarity = negative_similarity(bits, temperature)
    loss = unsolved(bits, temperature, num_negatives) * np.maximum(0, 1 - correlation - similarity)
    return 1 - np.sqrt(1 / (1 + loss / (correlation + similarity)))


def _check(bits: float, temperature: float = 1.0, correlation: float = 0.5, num_negatives: int = 1) -> None:
    if bits < 0:
        raise ValueError(f"bits must be 0 or more, not {bits:g}")
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature:g}")
    if not 0 < correlation < 1:
        raise ValueError(f"correlation must be in (0, 1), not {correlation:g}")
    if num_negatives < 1:
        raise ValueError(f"num_negatives must be 1 or more, not {num_negatives}")
