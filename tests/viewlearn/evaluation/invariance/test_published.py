"""Published checkpoints' key names, each on a state dict generated in its layout."""

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from viewlearn.evaluation.invariance.published import load_published, trunk_weights


@pytest.fixture(scope="module")
def reference():
    torch.manual_seed(0)
    model = resnet18(num_classes=7)
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.add_(0.1 * torch.rand_like(buffer))
    return model.eval()


def prefixed(state: dict, prefix: str) -> dict:
    return {prefix + key: value for key, value in state.items()}


def moco(state: dict) -> dict:
    other = {key: torch.zeros_like(value) for key, value in state.items()}
    weights = prefixed(other, "module.encoder_k.") | prefixed(state, "module.encoder_q.")
    weights |= {"module.queue": torch.zeros(128, 16), "module.queue_ptr": torch.zeros(1)}
    return {"epoch": 200, "arch": "resnet18", "state_dict": weights, "optimizer": {"state": {}, "param_groups": []}}


def mocov3(state: dict) -> dict:
    other = {key: torch.zeros_like(value) for key, value in state.items()}
    weights = prefixed(other, "module.momentum_encoder.") | prefixed(state, "module.base_encoder.")
    return {"state_dict": weights | {"module.predictor.0.weight": torch.zeros(4, 4)}}


def vissl(state: dict) -> dict:
    trunk = {key: value for key, value in state.items() if not key.startswith("fc.")}
    model = {"trunk": prefixed(trunk, "_feature_blocks."), "heads": {"0.clf.0.weight": torch.zeros(3, 3)}}
    return {"phase_idx": 799, "classy_state_dict": {"base_model": {"model": model, "meta": {}}, "losses": [1.0]}}


def before_batchnorm_counted(state: dict) -> dict:
    return {"state_dict": {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}}


LAYOUTS = {
    "moco": moco,
    "moco v3": mocov3,
    "pirl and simclr of vissl": vissl,
    "pycontrast": lambda state: {"model": prefixed(state, "module.encoder.")},
    "lightning": lambda state: {"state_dict": prefixed(state, "encoder.")},
    "pirl reproduction, simclr converted": lambda state: {"state_dict": state},
    "data parallel": lambda state: {"state_dict": prefixed(state, "module.")},
    "torchvision": dict,
    "old": before_batchnorm_counted,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_features_are_those_of_the_published_model(layout, reference, tmp_path, generator):
    path = tmp_path / "checkpoint.pth.tar"
    torch.save(LAYOUTS[layout](reference.state_dict()), path)
    encoder = load_published(path, "resnet18")
    assert encoder.num_features == 512
    images = torch.rand(2, 3, 64, 64, generator=generator)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalized = (images - mean[:, None, None]) / std[:, None, None]
    reference.fc, head = torch.nn.Identity(), reference.fc
    with torch.no_grad():
        assert torch.allclose(encoder(images), reference(normalized), atol=1e-5)
    reference.fc = head


def test_simclr_models_read_plain_images(reference, tmp_path):
    torch.save({"state_dict": reference.state_dict()}, tmp_path / "simclr.pth")
    encoder = load_published(tmp_path / "simclr.pth", "resnet18", normalization="none")
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(encoder.normalize(images), images)


def test_safetensors(reference, tmp_path):
    save_file(reference.state_dict(), tmp_path / "model.safetensors")
    assert load_published(tmp_path / "model.safetensors", "resnet18").num_features == 512


class Anything:
    """Something that unpickling would have to run code for."""


def test_files_that_hold_code_are_refused(reference, tmp_path):
    torch.save({"state_dict": reference.state_dict(), "config": Anything()}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="more than tensors"):
        load_published(tmp_path / "evil.pth", "resnet18")


def test_the_momentum_encoder_is_not_taken_instead(reference):
    with pytest.raises(ValueError, match="no ResNet under a known prefix"):
        trunk_weights({"state_dict": prefixed(reference.state_dict(), "module.encoder_k.")})


def test_mistakes_are_named(reference, tmp_path):
    torch.save(reference.state_dict(), tmp_path / "model.pth")
    with pytest.raises(ValueError, match=r"doesn't fit resnet34: \d+ parameters missing"):
        load_published(tmp_path / "model.pth", "resnet34")
    with pytest.raises(ValueError, match="there is no file"):
        load_published(tmp_path / "none.pth")
    with pytest.raises(ValueError, match="normalization is 'cifar'"):
        load_published(tmp_path / "model.pth", normalization="cifar")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="contains a list"):
        load_published(tmp_path / "list.pth")
