"""Initial weights of generators and discriminators."""

import torch
from scipy import stats

from cxrclf.nets import PatchDiscriminator, ResnetGenerator


def test_weights_are_drawn_from_n_0_002_and_biases_are_zero():
    torch.manual_seed(0)
    for network in (
        ResnetGenerator(width=16, n_blocks=1),
        PatchDiscriminator(width=16),
    ):
        named = dict(network.named_parameters())
        weights = torch.cat([v.flatten() for k, v in named.items() if "weight" in k])
        sample = weights.detach().numpy()[:50_000]
        biases = torch.cat([v for k, v in named.items() if "bias" in k])
        assert stats.kstest(sample, "norm", (0, 0.02)).pvalue > 1e-3
        assert not biases.any()
