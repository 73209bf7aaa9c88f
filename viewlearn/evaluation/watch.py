"""What is measured of an encoder while it trains: accuracies, and how its features fill their space."""

import sys
from collections.abc import Callable

import torch
from torch import Tensor, nn

from viewlearn.data import Data, take
from viewlearn.evaluation.frozen import autocast, evaluation_mode
from viewlearn.evaluation.geometry import alignment, alpha_req, lidar, rankme, spread, uniformity
from viewlearn.evaluation.probes.features import Extraction
from viewlearn.evaluation.probes.monitor import KNNMonitor
from viewlearn.sampling import subset
from viewlearn.views import Compose

LEAST_SPREAD = 1e-3  # part of the features' mean square that varies; less is a collapse
LEAST_RANK = 1.5  # of RankMe
ADVICE = (
    "a lower learning rate or a longer warm-up (--optimizer.lr, --schedule.warmup), negatives or a term against it "
    "(--method.loss), a slower copy (--method.momentum 0.996), or weaker learned views (--views.budget) may help"
)


class TrainingMonitor:
    """Measures an encoder while it trains: ``monitor(encoder)`` gives numbers by name, and a collapse is said.

    =========================  =========================================================================================
    ``knn/…``, ``linear/…``    accuracies of ``KNNMonitor``, where the data have labels
    ``features/rankme``        number of directions that features fill (``viewlearn.evaluation.geometry``)
    ``features/lidar``         number of directions that tell samples apart, however their views differ
    ``features/alpha``         exponent with which the spectrum of the covariance falls
    ``features/alignment``     mean squared distance of two views of a sample on the sphere
    ``features/uniformity``    log of the mean Gaussian kernel between samples on the sphere
    ``features/spread``        part of the features' mean square that is variance
    =========================  =========================================================================================

    The latter are of the encoder's features of ``num_samples`` samples that are drawn once, in ``num_views`` views each
    whose parameters are the same in each call, so that numbers over the steps differ by the networks alone. Nothing is
    kept between calls and no shared random numbers are drawn: a resumed run measures the same.

    Args:
        data: Data whose samples are drawn.
        views: Pipeline of the method, from stored samples to what the encoder reads; learned views as they are by then.
        num_samples: Number of samples, at most.
        num_views: Number of views of each, at least 2.
        seed: Seed of samples and views.
        extraction: Batch size, device and precision.
        say: Says a line, once when features collapse.
    """

    def __init__(
        self,
        data: Data,
        views: Compose,
        *,
        num_samples: int = 256,
        num_views: int = 4,
        seed: int = 0,
        extraction: Extraction = Extraction(batch_size=256),
        say: Callable[[str], object] = lambda line: print(line, file=sys.stderr),
    ):
        self.accuracies = KNNMonitor(data, extraction=extraction, seed=seed)
        self.views, self.num_views, self.seed, self.extraction, self.say = views, num_views, seed, extraction, say
        dataset = data.pretraining()
        self.x = take(dataset, subset(len(dataset), num_samples, torch.Generator().manual_seed(seed))).x
        self._collapsed = False

    def __call__(self, encoder: nn.Module) -> dict[str, float]:
        measured = self.accuracies(encoder)
        z = self._features(encoder)
        flat = z.flatten(0, 1)
        geometry = {
            "rankme": rankme(flat),
            "lidar": lidar(z),
            "alpha": alpha_req(flat),
            "alignment": alignment(z[:, 0], z[:, 1]),
            "uniformity": uniformity(z[:, 0]),
            "spread": spread(flat),
        }
        self._tell(geometry, z.shape[2])
        return measured | {f"features/{name}": value for name, value in geometry.items()}

    @torch.no_grad()
    def _features(self, encoder: nn.Module) -> Tensor:
        """Features ``(num_samples, num_views, num_features)``, on the CPU."""
        device = self.extraction.device_for(encoder)
        generator = torch.Generator(device).manual_seed(self.seed)
        parts = []
        with evaluation_mode(encoder), evaluation_mode(self.views):
            for x in self.x.split(self.extraction.batch_size):
                x = x.to(device)
                made = []
                for _ in range(self.num_views):
                    view = self.views(x, generator)
                    with autocast(device, self.extraction.mixed_precision):
                        made.append(encoder(view).float())
                parts.append(torch.stack(made, dim=1).cpu())
        return torch.cat(parts)

    def _tell(self, geometry: dict[str, float], num_features: int) -> None:
        collapsed = geometry["spread"] < LEAST_SPREAD or geometry["rankme"] < LEAST_RANK
        if collapsed and not self._collapsed:
            self.say(
                f"the features have collapsed: they fill {geometry['rankme']:.1f} of {num_features} directions, and "
                f"{geometry['spread']:.2%} of their mean square tells samples apart; {ADVICE}"
            )
        self._collapsed = collapsed
