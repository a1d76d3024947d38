"""A bare loop on tensors in memory, to measure the network alone."""

import time

import torch

from contenders._torch_parts import Network
from contenders._unet_parts import CrossEntropyAndDice, make_unet
from harness.settings import LEARNING_RATE


class Learner:
    """Train on random pixels, in the fastest layout and precision of the device."""

    criterion = torch.nn.CrossEntropyLoss()

    def __init__(self, settings, files, codes, *, frozen, batch_size):
        self.device = torch.device(settings.device)
        torch.manual_seed(0)
        side = settings.image_size
        images = torch.rand(len(files), 3, side, side, device=self.device)
        self._prepare(
            Network(settings, codes.max() + 1, frozen=frozen),
            images.contiguous(memory_format=torch.channels_last).split(batch_size),
            torch.from_numpy(codes).to(self.device).split(batch_size),
        )

    def _prepare(self, network, images, targets):
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.images, self.targets = images, targets
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), LEARNING_RATE, fused=True
        )
        self.bfloat16 = has_bfloat16(self.device) and self._bfloat16_is_faster()

    def _bfloat16_is_faster(self):
        """Measure a step in both precisions: some processors lose time in bfloat16."""
        self.network.train()
        seconds = []
        for self.bfloat16 in (False, True):
            self._step(self.images[0], self.targets[0])  # warm-up
            self._wait()
            started = time.perf_counter()
            self._step(self.images[0], self.targets[0])
            self._wait()
            seconds.append(time.perf_counter() - started)
        return seconds[1] < seconds[0]

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        self.network.train()
        for _ in range(n_epochs):
            for images, targets in zip(self.images, self.targets, strict=True):
                self._step(images, targets)
        self._wait()

    def _step(self, images, targets):
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            loss = self.criterion(self.network(images), targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def _wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class Segmenter(Learner):
    """Train a U-Net on random gray pixels and masks."""

    criterion = CrossEntropyAndDice()

    def __init__(self, settings, files, masks):
        self.device = torch.device(settings.device)
        torch.manual_seed(0)
        shape = len(files), 1, settings.unet_size, settings.unet_size
        images = torch.rand(shape, device=self.device).split(settings.batch_size)
        self._prepare(
            make_unet(settings), images, [(batch > 0.5).float() for batch in images]
        )


def has_bfloat16(device):
    """Return whether the device computes in bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # These functions are private, but torch has no public check for the CPU.
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
