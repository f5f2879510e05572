"""Plain float64 references of the window kernels."""

import numpy as np


def _z(block: np.ndarray, absent: np.ndarray) -> np.ndarray:
    count = np.maximum((~absent).sum(axis=-2, keepdims=True), 1)
    mean = np.where(absent, 0.0, block).sum(axis=-2, keepdims=True) / count
    centred = np.where(absent, 0.0, block - mean)
    std = np.sqrt((centred**2).sum(axis=-2, keepdims=True) / count)
    flat = std <= 1e-10 * np.maximum(np.abs(mean), 1e-10)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, std))


def window_ratio(window_LBF: np.ndarray, clip: float | None) -> np.ndarray:
    """Series over their last value, z-scored across the batch per lag and feature [Spec 10.3].

    Parameters
    ----------
    window_LBF : float array [L, B, F]
        A last value that is 0 or absent is replaced by the last one that is not.
    clip : bound of the z-scores, or None

    Returns
    -------
    float32 array [L, B, F]; NaN became 0 (the mean)
    """
    usable = np.isfinite(window_LBF) & (window_LBF != 0)
    length = len(window_LBF)
    last = length - 1 - np.argmax(usable[::-1], axis=0)
    base = np.take_along_axis(window_LBF, last[None], axis=0)[0].astype(np.float64)
    base = np.where(usable.any(axis=0), base, np.nan)
    ratio = window_LBF / base
    absent = ~np.isfinite(ratio)
    z = np.where(absent, 0.0, _z(ratio, absent))
    return (z if clip is None else z.clip(-clip, clip)).astype(np.float32)
