"""One matrix product, through the faster of the two libraries that torch brings on a CPU.

``torch.mm`` in float32 goes to MKL, which runs at half the chip's rate on some processors; the
same product written as a 1x1 convolution over channels-last memory goes to oneDNN, without a
copy. The rule below looks at shapes only, so the same input takes the same way on every run.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

# Below these sizes the set-up of a convolution costs more than it brings.
MIN_ROWS = 1024
MIN_CHANNELS = 256


def multiply(rows: Float[Tensor, "n c"], weight: Float[Tensor, "c m"]) -> Float[Tensor, "n m"]:
    """Return ``rows @ weight``. For tensors outside autograd."""
    if not suits_convolution(rows):
        return rows @ weight
    image = rearrange(rows, "n c -> 1 c n 1").contiguous(memory_format=torch.channels_last)
    kernel = rearrange(weight, "c m -> m c 1 1").contiguous(memory_format=torch.channels_last)
    return rearrange(F.conv2d(image, kernel), "1 m n 1 -> n m")


def suits_convolution(rows: Float[Tensor, "n c"]) -> bool:
    """Return True if a product with these rows is faster as a convolution."""
    return (
        rows.device.type == "cpu"
        and rows.dtype == torch.float32
        and rows.shape[0] >= MIN_ROWS
        and rows.shape[1] >= MIN_CHANNELS
        and rows.is_contiguous()
        and torch.get_num_threads() > 1  # torch does not send a lone thread to oneDNN
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    )
