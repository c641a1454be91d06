"""Networks: shapes, normalisation, and what happens where a backbone cannot be had."""

import sys
import types

import pytest
import torch
from torch import nn

from igwas.encoder.network import COLOUR_MEAN, Network, Normalise
from igwas.encoder.options import TrainOptions
from igwas.errors import IgwasError, OptionError


@pytest.mark.parametrize(
    ("backbone", "n_features"),
    [("resnet10", 32), ("resnet18", 32), ("resnet34", 32), ("resnet50", 128)],
)
def test_every_resnet_describes_images(backbone, n_features):
    network = Network(TrainOptions(backbone=backbone, width=4, image_size_px=32)).eval()
    features, projections = network(torch.rand(2, 3, 32, 32))
    assert features.shape == (2, n_features)
    assert projections.shape == (2, 128)


def test_resnet18_has_the_size_of_the_paper():
    network = Network(TrainOptions(backbone="resnet18", image_size_px=64))
    count = sum(p.numel() for p in network.backbone.parameters())
    # He et al. 2016: 11.69 million with the classifier's 513,000.
    assert count == 11_176_512


def test_resnet50_has_the_size_of_the_paper():
    network = Network(TrainOptions(backbone="resnet50", image_size_px=64))
    assert sum(p.numel() for p in network.backbone.parameters()) == 23_508_032


def test_fixed_normalisation_does_not_mix_images():
    normalise = Normalise(False)
    images = torch.rand(3, 3, 8, 8)
    assert torch.equal(normalise(images)[:1], normalise(images[:1]))
    mean = torch.tensor(COLOUR_MEAN).reshape(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert normalise(mean).abs().max() < 1e-6


def test_standardised_images_keep_no_colour_and_no_contrast():
    normalise = Normalise(True)
    images = 0.2 + 0.3 * torch.rand(2, 3, 32, 32)
    gain = torch.tensor([1.5, 0.9, 0.7]).reshape(1, 3, 1, 1)
    expected, found = normalise(images), normalise(images * gain)
    assert (expected - found).abs().max() < 0.25
    assert found.mean((2, 3)).abs().max() < 1e-5


def test_a_black_image_is_finite_and_has_finite_gradients():
    images = torch.zeros(1, 3, 8, 8, requires_grad=True)
    found = Normalise(True)(images)
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert torch.isfinite(images.grad).all()


def test_cosface_is_described_by_its_projection_and_others_by_features():
    described = {
        objective: TrainOptions(objective=objective, projection_dimensions=20).described_by
        for objective in ("nt-xent", "cosface", "vicreg", "barlow-twins", "cca")
    }
    assert described["cosface"] == "projection"
    assert {v for k, v in described.items() if k != "cosface"} == {"features"}


def test_without_timm_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(IgwasError, match="--backbone timm:inception_v3 needs timm"):
        Network(TrainOptions(backbone="timm:inception_v3", image_size_px=96))


class Pooled(nn.Module):
    """Stands for a model of timm."""

    num_features = 3

    def forward(self, images):
        if images.shape[-1] < 75:
            raise RuntimeError("Kernel size can't be greater than actual input size")
        return images.mean((2, 3))


@pytest.fixture
def timm(monkeypatch):
    calls = []

    def create_model(name, **settings):
        calls.append((name, settings))
        return Pooled()

    module = types.SimpleNamespace(
        list_models=lambda pretrained=False: ["inception_v3"], create_model=create_model
    )
    monkeypatch.setitem(sys.modules, "timm", module)
    return calls


def test_a_timm_model_is_made_without_its_classifier(timm):
    options = TrainOptions(backbone="timm:inception_v3", image_size_px=96, pretrained=True)
    assert Network(options).n_features == 3
    assert timm == [("inception_v3", {"pretrained": True, "num_classes": 0})]


def test_an_image_too_small_for_the_backbone_is_refused(timm):
    with pytest.raises(IgwasError, match="does not take images of 32 pixels"):
        Network(TrainOptions(backbone="timm:inception_v3", image_size_px=32))


def test_an_unknown_timm_model_is_refused(timm):
    with pytest.raises(OptionError, match="timm has no such model"):
        Network(TrainOptions(backbone="timm:inception_v33", image_size_px=96))
