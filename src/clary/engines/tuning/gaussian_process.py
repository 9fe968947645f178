"""A Gaussian process over the unit cube, and where it expects most improvement.

Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2 and 5; expected improvement after
Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box Functions" (1998).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import ndtr
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel, Matern, WhiteKernel
from sklearn.preprocessing import PowerTransformer

Doubles = npt.NDArray[np.float64]
_LENGTHS = (0.05, 20.0)
_NOISE = (1e-6, 0.3)
_FIT_STEPS = 25
_MOST_FITTED = 70
_CANDIDATES = 1500
_NEAR = 60
_RADII = (0.15, 0.03, 0.006)
_SQRT_TWO_PI = float(np.sqrt(2 * np.pi))


def normalized(losses: Doubles) -> Doubles:
    """Losses with a bell-shaped spread, mean 0 and deviation 1, in the same order: outliers no longer rule the fit.

    A Yeo-Johnson transform, as in Cowen-Rivers et al., "HEBO: Pushing the Limits of Sample-Efficient Hyperparameter
    Optimisation" (2022).

    Args:
        losses: shape (n,), smaller is better.
    """
    with np.errstate(over="ignore"):
        spread = losses.std()
    if not np.isfinite(spread):  # their squares are beyond floating point: only the order is left
        losses = np.argsort(np.argsort(losses)).astype(np.float64)
        spread = losses.std()
    if losses.size < 3 or spread <= 0:
        return np.zeros_like(losses)
    centred = (losses - np.median(losses)) / spread
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warped = PowerTransformer().fit_transform(centred.reshape(-1, 1)).reshape(-1)
    usable = np.isfinite(warped).all() and warped.std() > 0
    return np.asarray(warped if usable else (losses - losses.mean()) / spread, np.float64)


def fit(points: Doubles, losses: Doubles) -> GaussianProcessRegressor:
    """A process with a Matérn 5/2 kernel whose lengths, one for each coordinate, fit the data best.

    Of many points only some decide about the lengths, which is what takes long; the process is conditioned on all.

    Args:
        points: shape (n, coordinates), in the unit cube.
        losses: shape (n,), normalized.
    """
    kernel = Matern(np.full(points.shape[1], 0.5), _LENGTHS, nu=2.5) + WhiteKernel(1e-3, _NOISE)
    process = GaussianProcessRegressor(kernel, alpha=1e-8, optimizer=_few_steps, normalize_y=True)
    stride = -(-len(points) // _MOST_FITTED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(points[::stride], losses[::stride])
    if stride == 1:
        return process
    return GaussianProcessRegressor(process.kernel_, alpha=1e-8, optimizer=None, normalize_y=True).fit(points, losses)


def with_pending(
    process: GaussianProcessRegressor, points: Doubles, losses: Doubles, pending: Doubles
) -> tuple[GaussianProcessRegressor, float]:
    """The process as it would be if each pending point turned out as it predicts: nobody goes there a second time.

    The "kriging believer" of Ginsbourger, Le Riche and Carraro, "Kriging Is Well-Suited to Parallelize Optimization"
    (2010).

    Returns:
        The process, and the best loss there would be.
    """
    if not len(pending):
        return process, float(losses.min())
    kernel: Kernel = process.kernel_
    believed = np.concatenate([losses, process.predict(pending)])
    later = GaussianProcessRegressor(kernel, alpha=1e-8, optimizer=None, normalize_y=True)
    return later.fit(np.vstack([points, pending]), believed), float(believed.min())


def expected_improvement(process: GaussianProcessRegressor, points: Doubles, best: float) -> Doubles:
    """How far below `best` the loss at each point is expected to fall, shape (n,)."""
    mean, deviation = process.predict(points, return_std=True)
    deviation = np.maximum(deviation, 1e-9)
    z = (best - mean) / deviation
    return np.asarray((best - mean) * ndtr(z) + deviation * np.exp(-0.5 * z * z) / _SQRT_TWO_PI, np.float64)


def most_promising(
    process: GaussianProcessRegressor, incumbents: Doubles, best: float, generator: np.random.Generator, snap: Any
) -> Doubles:
    """The place with the greatest expected improvement: among random places, and ever nearer to the best ones.

    Args:
        incumbents: the best points so far, shape (n, dimensions).
        snap: takes places, shape (n, dimensions), to the coordinates of the process for the values they stand for.

    Returns:
        Shape (dimensions,).
    """
    dimensions = incumbents.shape[1]
    places = [generator.random((_CANDIDATES, dimensions))]
    places += [_around(incumbents, radius, _NEAR, generator) for radius in _RADII]
    found = np.vstack(places)
    gains = expected_improvement(process, snap(found), best)
    for radius in (0.05, 0.01, 0.002):
        leaders = found[np.argsort(-gains)[:5]]
        near = _around(leaders, radius, _NEAR, generator)
        found = np.vstack([leaders, near])
        gains = expected_improvement(process, snap(found), best)
    return np.asarray(found[int(np.argmax(gains))], np.float64)


def _around(centres: Doubles, radius: float, count: int, generator: np.random.Generator) -> Doubles:
    """Places near each centre; each moves in some of its coordinates only."""
    repeated = np.repeat(centres, count, axis=0)
    share = max(0.3, 2.0 / repeated.shape[1]) if repeated.shape[1] > 2 else 1.0
    moves = generator.normal(0, radius, repeated.shape) * (generator.random(repeated.shape) < share)
    return np.clip(repeated + moves, 0.0, 1.0)


def _few_steps(objective: Any, start: Doubles, bounds: Doubles) -> tuple[Doubles, float]:
    """L-BFGS-B that ends when a further step would hardly matter for where to look next."""
    found = minimize(objective, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": _FIT_STEPS})
    return found.x, found.fun
