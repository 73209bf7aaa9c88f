import json

import pytest
import torch

from viewlearn.data import ArrayDataset, Data, DataSpec
from viewlearn.evaluation import EvaluationPlan, Results, evaluate
from viewlearn.evaluation.probes import Extraction, Layered, ParameterClasses
from viewlearn.views import Identity, View, draw


class Shift(View):
    """Shifts dimension 1 by an amount that is drawn."""

    def __init__(self, largest=3.0):
        super().__init__()
        self.largest = largest

    def sample(self, x, generator=None):
        return {"amount": draw.uniform(x, -self.largest, self.largest, generator)}

    def transform(self, x, params):
        return torch.cat([x[:, :1], x[:, 1:] + params["amount"][:, None]], dim=1)


class Signs(Data):
    decode = front_end = Identity()
    spec = DataSpec((2,), tasks={"sign": ("minus", "plus")})

    def split(self, name):
        x = torch.randn(120, 2, generator=torch.Generator().manual_seed(len(name)))
        return ArrayDataset(x, {"sign": (x[:, 0] > 0).long()})


class Spaces(Layered):
    def forward(self, x):
        return x

    def features(self, x):
        return {"Z_sign": x[:, :1], "Z_shift": x[:, 1:]}


@pytest.mark.parametrize("random_encoder", [None, Spaces()])
def test_every_question_has_its_row(random_encoder, tmp_path):
    plan = EvaluationPlan(
        factors={"shift": ParameterClasses(Shift(), "amount", 2)},
        shots=(5,),
        corruptions={"shift": [Shift(1.0), Shift(9.0)]},
    )
    extraction = Extraction(layers=("Z_*", "Z_sign", "Z_shift"))
    results = evaluate(Spaces(), Signs(), plan, extraction, random_encoder=random_encoder)
    accuracy = {(row.task, row.probe, row.layer): row.trained.accuracy for row in results.rows}
    assert len(results.rows) == 3 * 5
    assert accuracy["sign", "linear", "Z_sign"] > 0.95 > 0.7 > accuracy["sign", "linear", "Z_shift"]
    assert accuracy["shift", "factor", "Z_shift"] > 0.85 > 0.7 > accuracy["shift", "factor", "Z_sign"]
    assert accuracy["sign", "5-shot", "Z_sign"] > 0.85
    assert accuracy["sign", "corruptions", "Z_sign"] == accuracy["sign", "linear", "Z_sign"]
    assert results.info["robustness"]["sign/Z_sign"]["mean"] == accuracy["sign", "corruptions", "Z_sign"]
    assert all((row.random is None) == (random_encoder is None) for row in results.rows)
    if random_encoder is not None:
        assert all(row.random == row.trained for row in results.rows)
    (tmp_path / "results.json").write_text(json.dumps(results.to_dict()))
    assert Results.load(tmp_path / "results.json") == results
    assert "5-shot" in str(results)


def test_what_is_not_asked_is_not_computed():
    results = evaluate(Spaces(), Signs(), EvaluationPlan(probes=("knn",)))
    assert [(row.task, row.probe) for row in results.rows] == [("sign", "knn")]
    assert "robustness" not in results.info
