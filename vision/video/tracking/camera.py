"""The camera's own motion: where the background's pixels of one frame are in another."""

import numpy as np

from vision.video.tracking.opencv import import_opencv

GRID = 12  # pixels between the points that are followed
MIN_POINTS = 8  # points that must agree
TOLERANCE = 0.5  # pixels within which points agree
WINDOW = 15  # pixels, the side of the square around a point that is followed with it


def camera_from_flow(flow: np.ndarray) -> np.ndarray:
    """The similarity transformation ``(3, 3)`` that most of the flow ``(height, width, 2)`` agrees with (RANSAC).

    If there is none, it is the identity. In areas without structure flow is a little too short, so that many small
    steps add up to an error of some pixels, which ``refined`` removes.
    """
    points = _points(flow.shape[:2])
    columns, rows = points.astype(int).T
    return _fit(points, points + flow[rows, columns], np.eye(3))


def refined(guess: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The transformation ``(3, 3)`` from pixels of ``here`` to pixels of ``there``, to a fraction of a pixel.

    Args:
        guess: ``(3, 3)`` approximate transformation; it is returned if too few points can be followed.
        here: uint8 ``(height, width)``.
        there: uint8 ``(height, width)``.
    """
    points = _points(here.shape)
    start = (np.c_[points, np.ones(len(points))] @ guess.T)[:, :2].astype(np.float32)
    if not len(points):
        return guess
    cv2 = import_opencv()
    found, known, _ = cv2.calcOpticalFlowPyrLK(
        here, there, points, start, winSize=(WINDOW, WINDOW), maxLevel=2, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    known = known.ravel() > 0
    return _fit(points[known], found[known], guess)


def _points(size: tuple[int, ...]) -> np.ndarray:
    rows, columns = np.mgrid[GRID // 2 : size[0] : GRID, GRID // 2 : size[1] : GRID]
    return np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)


def _fit(points: np.ndarray, moved: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    if len(points) < MIN_POINTS:
        return otherwise
    matrix, agree = import_opencv().estimateAffinePartial2D(points, moved, ransacReprojThreshold=TOLERANCE)
    return otherwise if matrix is None or agree.sum() < MIN_POINTS else np.vstack([matrix, [0, 0, 1]])
