"""A bare loop on tensors in memory: what the network alone takes."""

import torch

from contenders._torch_parts import Network
from harness.settings import LEARNING_RATE


class Learner:
    """Train on random pixels, in the layout and the precision that are fastest here."""

    def __init__(self, settings, files, codes, *, frozen, batch_size):
        torch.manual_seed(0)
        self.device = torch.device(settings.device)
        network = Network(settings, codes.max() + 1, frozen=frozen)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        side = settings.image_size
        images = torch.rand(len(files), 3, side, side, device=self.device)
        images = images.contiguous(memory_format=torch.channels_last)
        self.images = images.split(batch_size)
        self.codes = torch.from_numpy(codes).to(self.device).split(batch_size)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), LEARNING_RATE, fused=True
        )
        self.criterion = torch.nn.CrossEntropyLoss()
        self.bfloat16 = has_bfloat16(self.device)

    def train(self, n_epochs):
        """Train for some more epochs."""
        self.network.train()
        for _ in range(n_epochs):
            for images, codes in zip(self.images, self.codes, strict=True):
                with torch.autocast(
                    self.device.type, torch.bfloat16, enabled=self.bfloat16
                ):
                    loss = self.criterion(self.network(images), codes)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def has_bfloat16(device):
    """Return whether the device computes in bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Private, and the only check that torch has for the CPU.
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
