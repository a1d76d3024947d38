"""A plain PyTorch loop, with the network and data of the skorch contender."""

import torch
from torch.utils.data import DataLoader

from contenders._torch_parts import Network, Radiographs, transforms
from contenders._unet_parts import CrossEntropyAndDice, Pairs, make_unet
from harness.settings import LEARNING_RATE, UNET_PREDICTED


class Learner:
    """See :mod:`contenders.peer_tasks` for the interface."""

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
        trainable = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(trainable, LEARNING_RATE)
        self.criterion = torch.nn.CrossEntropyLoss()

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        _train(self, n_epochs)

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


class Segmenter:
    """See :mod:`contenders.peer_tasks` for the interface."""

    def __init__(self, settings, files, masks):
        torch.manual_seed(0)
        self.settings = settings
        self.device = settings.device
        self.network = make_unet(settings).to(self.device)
        self.batches = DataLoader(
            Pairs(settings, files, masks), settings.batch_size, shuffle=True
        )
        self.optimizer = torch.optim.Adam(self.network.parameters(), LEARNING_RATE)
        self.criterion = CrossEntropyAndDice()

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        _train(self, n_epochs)

    @torch.inference_mode()
    def predict(self, files):
        """Return masks, (n, H, W)."""
        self.network.eval()
        data = Pairs(self.settings, files)
        masks = [
            (self.network(images.to(self.device)).sigmoid() > 0.5).cpu()
            for images, _ in DataLoader(data, UNET_PREDICTED)
        ]
        return torch.cat(masks)[:, 0].numpy()


def _train(learner, n_epochs):
    learner.network.train()
    for _ in range(n_epochs):
        for images, targets in learner.batches:
            loss = learner.criterion(
                learner.network(images.to(learner.device)), targets.to(learner.device)
            )
            learner.optimizer.zero_grad()
            loss.backward()
            learner.optimizer.step()
