"""skorch: NeuralNetClassifier on a data set of torchvision."""

import numpy as np
import torch
from skorch import NeuralNet, NeuralNetClassifier

from contenders._torch_parts import Network, Radiographs, transforms
from contenders._unet_parts import CrossEntropyAndDice, Pairs, make_unet
from harness.settings import LEARNING_RATE, UNET_PREDICTED


class Learner:
    """See :mod:`contenders.peer_tasks` for the interface.

    There are no worker processes (``num_workers``). On two cores, the network loses the
    time that they save in decoding.
    """

    def __init__(self, settings, files, codes, *, frozen, batch_size):
        torch.manual_seed(0)
        network = Network(settings, codes.max() + 1, frozen=frozen)
        self.plain = transforms(settings, network, augment=False)
        views = transforms(settings, network, augment=True)
        self.data = Radiographs(files, codes, views)
        self.net = NeuralNetClassifier(
            network,
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=LEARNING_RATE,
            batch_size=batch_size,
            iterator_train__shuffle=True,
            train_split=None,
            classes=np.unique(codes),
            device=settings.device,
            verbose=0,
        ).initialize()

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        self.net.partial_fit(self.data, None, epochs=n_epochs)

    def predict_proba(self, files):
        """Return class probabilities, (n, n_classes)."""
        data = Radiographs(files, np.zeros(len(files), dtype=int), self.plain)
        return self.net.predict_proba(data)


class Segmenter:
    """See :mod:`contenders.peer_tasks` for the interface."""

    def __init__(self, settings, files, masks):
        torch.manual_seed(0)
        self.settings = settings
        self.data = Pairs(settings, files, masks)
        self.net = NeuralNet(
            make_unet(settings),
            criterion=CrossEntropyAndDice,
            optimizer=torch.optim.Adam,
            lr=LEARNING_RATE,
            batch_size=settings.batch_size,
            iterator_train__shuffle=True,
            iterator_valid__batch_size=UNET_PREDICTED,
            train_split=None,
            predict_nonlinearity=torch.sigmoid,
            device=settings.device,
            verbose=0,
        ).initialize()

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        self.net.partial_fit(self.data, None, epochs=n_epochs)

    def predict(self, files):
        """Return masks, (n, H, W)."""
        return self.net.predict(Pairs(self.settings, files))[:, 0] > 0.5
