import pytest
import torch

from viewlearn.evaluation.probes import Features, fit_logistic, head_contributions


@pytest.fixture
def features(generator):
    y = torch.randint(3, (200,), generator=generator)
    decisive = torch.eye(3)[y] + 0.3 * torch.randn(200, 3, generator=generator)
    idle = torch.randn(200, 2, generator=generator)
    return Features({"Z_idle": idle, "Z_color": decisive}, {"class": y}, torch.arange(200))


def test_contributions_add_up_to_the_score(features):
    y = features.labels["class"]
    classifier = fit_logistic(features.x, y, 0.01)
    contributions, labels = head_contributions(classifier, features, ("Z_idle", "Z_color"), y)
    correct = classifier.predict(features.x) == y
    assert torch.equal(labels, y[correct])
    scores = classifier.scores(features.x)[correct].gather(1, labels[:, None])[:, 0]
    torch.testing.assert_close(sum(contributions.values()) + classifier.bias[labels], scores, atol=1e-4, rtol=1e-4)
    assert contributions["Z_color"].mean() > 5 * contributions["Z_idle"].abs().mean()


def test_layers_must_be_those_of_the_classifier(features):
    classifier = fit_logistic(features.x, features.labels["class"], 0.01)
    with pytest.raises(ValueError, match="layers Z_color have 3 features, the classifier 5"):
        head_contributions(classifier, features, ("Z_color",), features.labels["class"])
