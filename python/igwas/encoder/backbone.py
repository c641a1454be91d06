"""Networks that turn an image into features: an own ResNet family, or any model of timm."""

import importlib
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from igwas.encoder.options import TrainOptions
from igwas.errors import IgwasError, OptionError


@dataclass(frozen=True)
class Depth:
    """Blocks of the four stages, whether they are bottlenecks, and the usual first width."""

    blocks: tuple[int, int, int, int]
    is_bottleneck: bool
    width: int


DEPTHS = {
    # Narrow and shallow: what a few hundred people can teach, in two minutes on two cores.
    "resnet10": Depth((1, 1, 1, 1), False, 32),
    "resnet18": Depth((2, 2, 2, 2), False, 64),
    "resnet34": Depth((3, 4, 6, 3), False, 64),
    "resnet50": Depth((3, 4, 6, 3), True, 64),
}
_EXPANSION = 4


def _shortcut(n_in: int, n_out: int, stride: int) -> nn.Module:
    if n_in == n_out and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut.

    Parameters
    ----------
    n_in, n_out, stride : int
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        self.shortcut = _shortcut(n_in, n_out, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """(images, n_in, row, column) -> (images, n_out, row / stride, column / stride)."""
        inner = functional.relu(self.norm1(self.conv1(maps)))
        return functional.relu(self.norm2(self.conv2(inner)) + self.shortcut(maps))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions beside a shortcut; the stride is in the 3 x 3.

    Parameters
    ----------
    n_in, n_out, stride : int
        `n_out` is four times the inner width.
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        inner = n_out // _EXPANSION
        self.body = nn.Sequential(
            nn.Conv2d(n_in, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, inner, 3, stride, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, n_out, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = _shortcut(n_in, n_out, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """(images, n_in, row, column) -> (images, n_out, row / stride, column / stride)."""
        return functional.relu(self.body(maps) + self.shortcut(maps))


class ResNet(nn.Module):
    """A residual network that ends in the mean over the image.

    Parameters
    ----------
    depth : Depth
    width : int
        Channels of the first stage.

    References
    ----------
    He et al. 2016, CVPR.
    """

    def __init__(self, depth: Depth, width: int) -> None:
        super().__init__()
        kernel = 5 if depth == DEPTHS["resnet10"] else 7
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, kernel, 2, kernel // 2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        stages: list[nn.Module] = []
        n_in = width
        for stage, n_blocks in enumerate(depth.blocks):
            n_out = width * 2**stage * (_EXPANSION if depth.is_bottleneck else 1)
            block = Bottleneck if depth.is_bottleneck else BasicBlock
            for position in range(n_blocks):
                stages.append(block(n_in, n_out, 2 if stage > 0 and position == 0 else 1))
                n_in = n_out
        self.stages = nn.Sequential(*stages)
        self.n_features = n_in
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """(images, 3, row, column) -> (images, n_features)."""
        features: Tensor = self.stages(self.stem(images)).mean((2, 3))
        return features


class TimmBackbone(nn.Module):
    """A model of timm without its classifier.

    Parameters
    ----------
    name : str
        Such as `inception_v3`, the network of the iGWAS paper.
    pretrained : bool
        With the published weights, which timm downloads.

    Raises
    ------
    IgwasError
        If timm cannot be imported; OptionError if it has no such model.
    """

    def __init__(self, name: str, pretrained: bool) -> None:
        super().__init__()
        timm = _import_timm(name)
        known = set(timm.list_models()) | set(timm.list_models(pretrained=True))
        if name not in known and name.split(".")[0] not in known:
            raise OptionError(
                f"--backbone is timm:{name} but timm has no such model; expected one of its names. "
                'List them with: python -c "import timm; print(timm.list_models())"'
            )
        self.model = timm.create_model(name, pretrained=pretrained, num_classes=0)
        self.n_features = int(self.model.num_features)

    def forward(self, images: Tensor) -> Tensor:
        """(images, 3, row, column) -> (images, n_features)."""
        features: Tensor = self.model(images)
        return features


def _import_timm(name: str) -> Any:
    try:
        return importlib.import_module("timm")
    except (ImportError, RuntimeError, OSError) as error:
        # torchvision, which timm needs, raises a RuntimeError where it does not match torch.
        raise IgwasError(
            f"--backbone timm:{name} needs timm, which cannot be imported ({error}); expected it "
            "beside a torchvision that matches torch. Install them with: pip install timm, or "
            "choose a resnet."
        ) from error


def build_backbone(options: TrainOptions) -> nn.Module:
    """Build the backbone that the options name; it has `n_features`.

    Raises
    ------
    IgwasError
        If it is of timm and timm cannot be used.
    """
    if options.backbone.startswith("timm:"):
        return TimmBackbone(options.backbone.removeprefix("timm:"), options.pretrained)
    depth = DEPTHS[options.backbone]
    return ResNet(depth, options.width or depth.width)


def n_parameters(module: nn.Module) -> int:
    """Trainable numbers of a module."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
