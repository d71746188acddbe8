"""Forward pass of one patient at 1k to 250k patches: time, and peak memory above the input.

Three networks, in turn (A B C A B C ...) inside one process, medians:
  plain      `published`, written plainly: concatenation, LayerNorm, projection and explicit
             attention per layer, weights held, as the official code does
  one sweep  `published`, the same weights, through healnet.model
  default    our preset, slide and 400 genes

Run:  python benchmarks/forward.py [--quick] [--backward] [--patches N ...] [--channels C]
      [--threads T]
Peak memory is the kernel's high-water mark, reset before each call (Linux only).
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from healnet.model.healnet import HealNet
from healnet.model.positions import encode_positions
from healnet.model.presets import bag, default, published, published_modality, table
from healnet.model.product import multiply
from healnet.model.tokens import Tokens

MIB = 1 << 20
OMIC_TOKENS, GENES = 2000, 400
SIZES, QUICK_SIZES = (1000, 16000, 65000, 250000), (1000, 4000)
Run = Callable[[], Tensor]


class PlainPublished:
    """The official data flow, one patient: nothing folded, weights of every layer held."""

    def __init__(self, model: HealNet) -> None:
        self.model, self.weights = model, dict(model.named_parameters())
        self.attention: list[Tensor] = []

    def __call__(self, tokens: dict[str, Tokens]) -> Tensor:
        """Return the logits of one patient; the weights stay in ``attention``."""
        self.attention = []
        latents = self.weights["latents"]
        contexts = {name: self._context(name, one) for name, one in tokens.items()}
        for layer in range(self.model.config.depth):
            for name, context in contexts.items():
                latents = latents + self._read(layer, name, latents, context)
                latents = latents + self._feedforward(
                    f"layers.{layer}.feedforward.{name}", latents
                )
        pooled = self._norm("head.0", latents.mean(dim=0))
        return self._linear("head.1", pooled)

    def _context(self, name: str, tokens: Tokens) -> Tensor:
        positions = self.model.config.modality(name).positions
        assert positions is not None
        assert tokens.coords is not None
        code = encode_positions(tokens.coords[0], positions)
        return torch.cat([tokens.values[0], code], dim=1)

    def _read(self, layer: int, name: str, latents: Tensor, context: Tensor) -> Tensor:
        config, block = self.model.config, f"layers.{layer}.read.{name}"
        normed = self._norm(f"contexts.{name}.norm.{layer}", context)
        key, value = self._linear(f"contexts.{name}.to_key_value.{layer}", normed).chunk(2, 1)
        query = self._linear(f"{block}.to_query", self._norm(f"{block}.norm", latents))
        logits = query @ key.T / (config.cross_head_dim**0.5 * config.temperature)
        weights = logits.softmax(dim=1)
        self.attention.append(weights)
        return F.leaky_relu(self._linear(f"{block}.to_out", weights @ value), config.out_slope)

    def _feedforward(self, block: str, latents: Tensor) -> Tensor:
        hidden = self._linear(f"{block}.to_hidden", self._norm(f"{block}.norm", latents))
        content, gate = hidden.chunk(2, dim=1)
        return self._linear(f"{block}.to_out", content * F.selu(gate))

    def _norm(self, block: str, values: Tensor) -> Tensor:
        gain, offset = self.weights[f"{block}.weight"], self.weights[f"{block}.bias"]
        return F.layer_norm(values, gain.shape, gain, offset)

    def _linear(self, block: str, values: Tensor) -> Tensor:
        return F.linear(
            values, self.weights[f"{block}.weight"], self.weights.get(f"{block}.bias")
        )


class Cost(NamedTuple):
    """What one call took."""

    wall_s: float
    cpu_s: float  # of all threads: what is left to compare on a machine that others use too
    peak_mib: float  # highest resident size above the level before the call


def cost_of(run: Run) -> Cost:
    """Return what one call took."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        before = float("nan")
    else:
        before = _status("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Cost(wall, cpu, _status("VmHWM") - before)


def _status(name: str) -> float:
    path = Path("/proc/self/status")
    if not path.exists():
        return float("nan")
    line = next(line for line in path.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def build(channels: int) -> tuple[HealNet, HealNet]:
    """Return `published` (BLCA sizes) and `default`, with gains and offsets made random."""
    modalities = [published_modality("omic", 1), published_modality("slide", channels)]
    models = (
        HealNet(published(modalities), seed=1).eval(),
        HealNet(default([bag("slide", channels), table("rna", GENES)]), seed=2).eval(),
    )
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for model in models:
            for parameter in model.parameters():
                if parameter.dim() == 1:
                    parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return models


def inputs(num_patches: int, channels: int) -> tuple[dict[str, Tokens], dict[str, Tokens]]:
    """Return the same slide for both presets, each with its omics."""
    generator = torch.Generator().manual_seed(num_patches)
    slide = Tokens.from_grid(torch.randn(1, num_patches, channels, generator=generator))
    side = int(num_patches**0.5) + 1
    index = torch.arange(num_patches)
    coords = torch.stack([index % side, index // side], dim=1)[None] * 128.0
    omic = Tokens.from_grid(torch.randn(1, OMIC_TOKENS, 1, generator=generator))
    genes = Tokens(torch.randn(1, GENES, 1, generator=generator))
    return (
        {"omic": omic, "slide": slide},
        {"slide": Tokens(slide.values, coords=coords), "rna": genes},
    )


def measure(num_patches: int, channels: int, *, rounds: int, backward: bool) -> None:
    """Print one row per network at this size."""
    model, ours = build(channels)
    published_tokens, default_tokens = inputs(num_patches, channels)
    plain = PlainPublished(model)
    forwards: dict[str, Run] = {
        "plain": lambda: plain(published_tokens),
        "one sweep": lambda: model(published_tokens).logits[0],
        "default": lambda: ours(default_tokens).logits[0],
    }
    with torch.no_grad():
        exact, found = forwards["plain"](), forwards["one sweep"]()
    difference = float((exact - found).abs().max() / exact.abs().max())
    runs = {
        name: _with_backward(run) if backward else torch.no_grad()(run)
        for name, run in forwards.items()
    }
    results: dict[str, list[Cost]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            cost = cost_of(run)
            if turn > 0:  # the first round warms up
                results[name].append(cost)
    reference = _median(results["plain"])
    for name, costs in results.items():
        middle = _median(costs)
        walls = sorted(cost.wall_s for cost in costs)
        spread = (walls[-1] - walls[0]) / middle.wall_s
        note = f"{difference:9.1e}" if name == "one sweep" else ""
        print(
            f"{num_patches:>8,}  {name:<10}{middle.wall_s * 1e3:>10.1f} ms  +-{spread:>5.0%}"
            f"{reference.wall_s / middle.wall_s:>7.1f} x{middle.cpu_s * 1e3:>10.1f} ms"
            f"{reference.cpu_s / middle.cpu_s:>7.1f} x{middle.peak_mib:>8.0f} MiB  {note}"
        )


def _median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def _with_backward(run: Run) -> Run:
    def run_both() -> Tensor:
        result = run()
        result.sum().backward()
        return result

    return run_both


def product_rates() -> str:
    """Return the rate of both ways to multiply, in GFLOP/s."""
    rows, weight = torch.randn(4096, 1280), torch.randn(1280, 128)
    rates = []
    for way in (torch.mm, multiply):
        times = []
        for _ in range(15):
            start = time.perf_counter()
            way(rows, weight)
            times.append(time.perf_counter() - start)
        rates.append(2 * 4096 * 1280 * 128 / statistics.median(times) / 1e9)
    return f"fp32 product 4096 x 1280 x 128: mm {rates[0]:.0f}, ours {rates[1]:.0f} GFLOP/s"


def machine() -> str:
    """Return what the numbers depend on, in one line."""
    model = platform.processor() or platform.machine()
    path = Path("/proc/cpuinfo")
    if path.exists():
        names = [
            line for line in path.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0].split(":")[1].strip() if names else model
    return f"{model}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Forward pass: time and memory.")
    parser.add_argument("--quick", action="store_true", help="1k and 4k patches, three rounds")
    parser.add_argument("--backward", action="store_true", help="forward and backward")
    parser.add_argument("--patches", type=int, nargs="+", default=SIZES)
    parser.add_argument("--channels", type=int, default=1280)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(machine())
    print(product_rates())
    work = "forward and backward" if arguments.backward else "forward"
    print(f"{work}, {arguments.channels} channels, float32; peak memory above the input\n")
    print(
        " patches  network      wall time  spread    ratio      CPU time    ratio"
        "      memory  difference to plain"
    )
    for num_patches in QUICK_SIZES if arguments.quick else arguments.patches:
        rounds = 3 if arguments.quick or num_patches > 100000 else 7
        measure(num_patches, arguments.channels, rounds=rounds, backward=arguments.backward)


if __name__ == "__main__":
    main()
