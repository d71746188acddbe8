"""Which device the network runs on."""

import torch

from healnet.exceptions import ConfigError

KNOWN = ("auto", "cuda", "mps", "cpu")


def pick_device(name: str = "auto") -> torch.device:
    """Return the device of that name; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises:
        ConfigError: If the name is unknown, or this machine has no such device.
    """
    kind = name.split(":", maxsplit=1)[0]
    if kind not in KNOWN:
        raise ConfigError(f"unknown device {name!r}; known: {', '.join(KNOWN)}")
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if kind == "auto":
        return torch.device(next(known for known in KNOWN[1:] if available[known]))
    if not available[kind]:
        raise ConfigError(
            f"this machine has no {kind.upper()} device", fix="Use device auto or cpu."
        )
    return torch.device(name)
