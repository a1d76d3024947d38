"""Compare the training of a CycleGAN with a plain PyTorch loop.

The plain loop trains the same networks by the published steps, one after the other, in
float32. All contenders train on the same images with the same number of threads, one
after the other in each round. The results are ratios within a round::

    python benchmarks/generation.py --json figures.json
    python benchmarks/generation.py --image-size 128 --width 32

The last lines tell how many images per second the trained generator translates, and the
peak of the private memory while it makes 250, 500 and 1,000 images, beyond the images.
"""

import argparse
import itertools
import json
import random
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

# First, so that the plain loop has torch's own threads: see cxrclf/_torch/openmp.py.
import torch
from torch import nn

from cxrclf import Augmentation
from cxrclf._utils.files import replace_file
from cxrclf.datasets import make_chest_radiographs
from cxrclf.generation import CycleGANGenerator
from cxrclf.nets import PatchDiscriminator, ResnetGenerator
from harness.environment import environment
from harness.memory import PeakMemory


def parse_arguments(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image-size", type=int, default=96, help="side in pixels")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--discriminator-width", type=int, default=32)
    parser.add_argument("--images", type=int, default=40, help="images per class")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="file for the raw figures")
    return parser.parse_args(arguments)


class PlainLoop:
    """A CycleGAN in plain torch, as in the published code."""

    def __init__(self, images, options):
        size, device = options.image_size, options.device
        self.images = [
            torch.from_numpy(part)[:, None].float().to(device) / 127.5 - 1
            for part in images
        ]
        n_blocks = 6 if size <= 128 else 9
        self.generators = [
            ResnetGenerator(width=options.width, n_blocks=n_blocks).to(device)
            for _ in range(2)
        ]
        self.discriminators = [
            PatchDiscriminator(width=options.discriminator_width).to(device)
            for _ in range(2)
        ]
        self.optimizers = [
            torch.optim.Adam(
                itertools.chain(*(network.parameters() for network in networks)),
                lr=2e-4,
                betas=(0.5, 0.999),
            )
            for networks in (self.generators, self.discriminators)
        ]
        self.pools = [[], []]

    def run_epoch(self):
        """Train on each image of the first class once, and return the seconds."""
        start = time.perf_counter()
        for image in self.images[0]:
            self.step(image[None], random.choice(self.images[1])[None])
        return time.perf_counter() - start

    def step(self, a, b):
        """Update the generators, and then the discriminators."""
        l1, square = nn.L1Loss(), nn.MSELoss()
        to_b, to_a = self.generators
        of_b, of_a = self.discriminators
        fake_b, fake_a = to_b(a), to_a(b)
        restored_a, restored_b = to_a(fake_b), to_b(fake_a)
        for network in self.discriminators:
            network.requires_grad_(False)
        self.optimizers[0].zero_grad()
        scores = of_b(fake_b), of_a(fake_a)
        loss = sum(square(score, torch.ones_like(score)) for score in scores)
        loss = loss + 10 * (l1(restored_a, a) + l1(restored_b, b))
        loss = loss + 5 * (l1(to_b(b), b) + l1(to_a(a), a))
        loss.backward()
        self.optimizers[0].step()
        for network in self.discriminators:
            network.requires_grad_(True)
        self.optimizers[1].zero_grad()
        fakes = fake_b, fake_a
        for k, (network, real) in enumerate(((of_b, b), (of_a, a))):
            good, bad = network(real), network(self.exchange(k, fakes[k].detach()))
            loss = square(good, torch.ones_like(good))
            loss = (loss + square(bad, torch.zeros_like(bad))) / 2
            loss.backward()
        self.optimizers[1].step()

    def exchange(self, k, image):
        """Store an image in a pool of 50 images, or exchange it."""
        pool = self.pools[k]
        if len(pool) < 50:
            pool.append(image)
        elif random.random() < 0.5:
            place = random.randrange(50)
            pool[place], image = image, pool[place]
        return image


def make_generator(options, **parameters):
    """Return a generator with the networks of the plain loop."""
    return CycleGANGenerator(
        "normal",
        width=options.width,
        skip=False,
        discriminator_width=options.discriminator_width,
        max_epochs=1,
        quality_backbone=None,
        random_state=0,
        device=options.device,
        **parameters,
    )


def train(generator, X, y):
    """Train for an epoch, and return its seconds."""
    return generator.fit(X, y).history_["duration"][0]


def main(arguments=None):
    """Measure, and print a table."""
    options = parse_arguments(arguments)
    data = make_chest_radiographs(
        2 * options.images,
        classes=("covid", "normal"),
        image_size=options.image_size,
        random_state=0,
    )
    X, y = data.images, data.target
    plain = PlainLoop([X[y == "normal"], X[y == "covid"]], options)
    contenders = {
        "plain loop": plain.run_epoch,
        "cxrclf, auto": partial(train, make_generator(options), X, y),
        "cxrclf, float32": partial(
            train, make_generator(options, precision="float32"), X, y
        ),
    }
    rows = []
    for number in range(options.rounds + 1):  # the first round warms up
        print(f"round {number} of {options.rounds} ...", file=sys.stderr, flush=True)
        seconds = {name: function() for name, function in contenders.items()}
        rows += [
            {
                "round": number,
                "contender": name,
                "seconds_per_step": value / options.images,
                "times_as_fast": seconds["plain loop"] / value,
            }
            for name, value in seconds.items()
            if number
        ]
    print(f"{'medians':<18}{'seconds per step':>18}{'times as fast':>16}")
    for name in contenders:
        own = [row for row in rows if row["contender"] == name]
        values = [
            np.median([row[column] for row in own])
            for column in ("seconds_per_step", "times_as_fast")
        ]
        print(f"{name:<18}{values[0]:18.3f}{values[1]:16.2f}")
    content = {"rows": rows, **measure_translation(options, X, y)}
    for name, value in environment(options.device).items():
        print(f"{name}: {value}")
        content.setdefault("environment", {})[name] = value
    if options.json is not None:
        with replace_file(options.json) as temporary:
            temporary.write_text(json.dumps(content, indent=1))


def measure_translation(options, X, y):
    """Print and return the images per second, and the memory of many images."""
    generator = make_generator(options, augmentation=Augmentation(shift=0.05))
    generator.fit(X, y)
    memory, speed = {}, []
    for n in (250, 500, 1000):
        with PeakMemory() as peak:
            before = peak.private
            start = time.perf_counter()
            made = generator.sample(n, "covid", random_state=0)
            speed.append(n / (time.perf_counter() - start))
        # The sources, one per image, and the images.
        memory[n] = peak.private - before - 2 * made.nbytes / 2**20
    print(f"images per second: {np.median(speed):.0f}")
    print("MiB beyond the images:", {n: round(value) for n, value in memory.items()})
    return {"images_per_second": speed, "memory_mib": memory}


if __name__ == "__main__":
    main()
