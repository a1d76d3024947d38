"""A plain PyTorch loop, with the pieces of :mod:`contenders.with_skorch`."""

import torch
from torch.utils.data import DataLoader

from contenders._torch_parts import Network, Radiographs, transforms
from harness.settings import LEARNING_RATE


class Learner:
    """Train and predict as the other peers do, see :mod:`contenders.peer_tasks`."""

    def __init__(self, settings, files, codes, *, frozen, batch_size):
        torch.manual_seed(0)
        self.device = settings.device
        self.batch_size = batch_size
        self.network = Network(settings, codes.max() + 1, frozen=frozen).to(self.device)
        self.plain = transforms(settings, self.network, augment=False)
        views = transforms(settings, self.network, augment=True)
        self.batches = DataLoader(
            Radiographs(files, codes, views), batch_size, shuffle=True
        )
        learnt = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(learnt, LEARNING_RATE)
        self.criterion = torch.nn.CrossEntropyLoss()

    def train(self, n_epochs):
        """Train for some more epochs."""
        self.network.train()
        for _ in range(n_epochs):
            for images, codes in self.batches:
                loss = self.criterion(
                    self.network(images.to(self.device)), codes.to(self.device)
                )
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()

    @torch.inference_mode()
    def predict_proba(self, files):
        """Return class probabilities, (n, n_classes)."""
        self.network.eval()
        data = Radiographs(files, [0] * len(files), self.plain)
        outputs = [
            self.network(images.to(self.device))
            for images, _ in DataLoader(data, self.batch_size)
        ]
        return torch.cat(outputs).softmax(dim=1).cpu().numpy()
