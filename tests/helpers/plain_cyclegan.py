"""A plain CycleGAN in torch, written from the paper, as a reference."""

import itertools

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(n, n, 3), nn.Conv2d(n, n, 3)

    def forward(self, x):
        pad, norm = nn.ReflectionPad2d(1), nn.functional.instance_norm
        y = norm(self.conv1(pad(x))).relu()
        return x + norm(self.conv2(pad(y)))


class Generator(nn.Module):
    """c7s1-w, d2w, d4w, R4w..., u2w, uw, c7s1-C."""

    def __init__(self, channels, width, n_blocks):
        super().__init__()
        w = width
        self.first = nn.Conv2d(channels, w, 7)
        self.down1 = nn.Conv2d(w, 2 * w, 3, 2, 1)
        self.down2 = nn.Conv2d(2 * w, 4 * w, 3, 2, 1)
        self.blocks = nn.ModuleList(Residual(4 * w) for _ in range(n_blocks))
        self.up1 = nn.ConvTranspose2d(4 * w, 2 * w, 3, 2, 1, output_padding=1)
        self.up2 = nn.ConvTranspose2d(2 * w, w, 3, 2, 1, output_padding=1)
        self.last = nn.Conv2d(w, channels, 7)

    def forward(self, x):
        pad, norm = nn.ReflectionPad2d(3), nn.functional.instance_norm
        x = norm(self.first(pad(x))).relu()
        x = norm(self.down1(x)).relu()
        x = norm(self.down2(x)).relu()
        for block in self.blocks:
            x = block(x)
        x = norm(self.up1(x)).relu()
        x = norm(self.up2(x)).relu()
        return torch.tanh(self.last(pad(x)))


class Discriminator(nn.Module):
    """C64-C128-C256-C512 and a convolution to one channel."""

    def __init__(self, channels, width):
        super().__init__()
        w = width
        self.conv1 = nn.Conv2d(channels, w, 4, 2, 1)
        self.conv2 = nn.Conv2d(w, 2 * w, 4, 2, 1)
        self.conv3 = nn.Conv2d(2 * w, 4 * w, 4, 2, 1)
        self.conv4 = nn.Conv2d(4 * w, 8 * w, 4, 1, 1)
        self.conv5 = nn.Conv2d(8 * w, 1, 4, 1, 1)

    def forward(self, x):
        leaky, norm = nn.LeakyReLU(0.2), nn.functional.instance_norm
        x = leaky(self.conv1(x))
        for conv in (self.conv2, self.conv3, self.conv4):
            x = leaky(norm(conv(x)))
        return self.conv5(x)


class PlainCycleGAN:
    """One optimizer step as in the paper: generators first, then discriminators."""

    def __init__(self, channels, width, n_blocks, discriminator_width):
        self.generators = [Generator(channels, width, n_blocks) for _ in range(2)]
        self.discriminators = [
            Discriminator(channels, discriminator_width) for _ in range(2)
        ]
        for network in (*self.generators, *self.discriminators):
            network.double()
        self.of_generators, self.of_discriminators = (
            torch.optim.Adam(
                itertools.chain(*(network.parameters() for network in networks)),
                lr=2e-4,
                betas=(0.5, 0.999),
            )
            for networks in (self.generators, self.discriminators)
        )

    def step(self, a, b):
        """Update all networks for one image of each class, with an empty pool."""
        l1, square = nn.L1Loss(), nn.MSELoss()
        to_b, to_a = self.generators
        of_b, of_a = self.discriminators
        fake_b, fake_a = to_b(a), to_a(b)
        cycles = l1(to_a(fake_b), a), l1(to_b(fake_a), b)
        identities = l1(to_b(b), b), l1(to_a(a), a)
        scores = of_b(fake_b), of_a(fake_a)
        adversarial = [square(score, torch.ones_like(score)) for score in scores]
        loss = sum(adversarial) + 10 * sum(cycles) + 5 * sum(identities)
        self.of_generators.zero_grad()
        loss.backward()
        self.of_generators.step()
        self.of_discriminators.zero_grad()
        losses = []
        for network, real, fake in ((of_b, b, fake_b), (of_a, a, fake_a)):
            good, bad = network(real), network(fake.detach())
            losses.append(
                0.5
                * (
                    square(good, torch.ones_like(good))
                    + square(bad, torch.zeros_like(bad))
                )
            )
        sum(losses).backward()
        self.of_discriminators.step()
        rows = adversarial, cycles, identities, losses
        return [sum(row).item() / 2 for row in rows]


def copy_parameters(source, target):
    """Copy the parameters of a network to another one, in their order."""
    with torch.no_grad():
        for own, other in zip(target.parameters(), source.parameters(), strict=True):
            own.copy_(other)
