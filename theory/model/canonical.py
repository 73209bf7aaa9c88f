"""Models of the demonstrations, and the embedding dimension of each."""

from theory.model.groups import FeatureGroup, GroupModel

# One direction of A dominates; B's are graded, so that between two destroy probabilities both labels are learned.
CAPACITY = GroupModel([FeatureGroup("A", (6, 1.5, 1.5, 1.5)), FeatureGroup("B", (1, 0.8, 0.6, 0.4))], noise_dims=8)
CAPACITY_DIM = 4

# Room for everything; what suppresses B is the norm that cosine similarity divides by.
NORM_COMPETITION = GroupModel([FeatureGroup("A", (6,) * 4), FeatureGroup("B", (1,) * 4)])
NORM_COMPETITION_DIM = 8

# Equal strengths within groups: a bottleneck then holds one of the two.
HOMOGENEOUS = GroupModel([FeatureGroup("A", (3,) * 4), FeatureGroup("B", (1,) * 4)], noise_dims=8)
HOMOGENEOUS_DIM = 4
