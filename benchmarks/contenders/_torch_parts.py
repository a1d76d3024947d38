"""Network, views and data set of the contenders that use torch."""

import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset
from torchvision.transforms import v2

from cxrclf.nets import make_backbone
from harness.settings import AUGMENTATION, CONCAT_CHANNELS, DROPOUT, HIDDEN_UNITS


class Network(nn.Module):
    """A network of timm with a new head.

    A frozen body is in evaluation mode and has no gradients. Forgetting one of these is
    the most frequent mistake, and makes the peers slower or less accurate.
    """

    def __init__(self, settings, n_classes, *, frozen):
        super().__init__()
        names = settings.backbone.split(" + ")
        made = [make_backbone(name, weights=settings.weights) for name in names]
        n_features = sum(branch.num_features for branch in made)
        mixed = []
        if len(made) == 1:
            self.body = made[0].model  # the network of timm, with its weights
        else:
            self.body = SideBySide(branch.model for branch in made)
            mixed = [nn.Conv2d(n_features, CONCAT_CHANNELS, 1)]
            n_features = CONCAT_CHANNELS
        self.head = nn.Sequential(
            *mixed,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(n_features, HIDDEN_UNITS),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN_UNITS, n_classes),
        )
        self.mean, self.std = made[0].mean, made[0].std
        self.frozen = frozen
        self.body.requires_grad_(not frozen)

    def train(self, mode=True):
        """Set the training mode. A frozen body stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.body.eval()
        return self

    def forward(self, images):
        """Compute logits."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features = self.body.forward_features(images)
        return self.head(features)


class SideBySide(nn.Module):
    """Networks of timm with the same input and concatenated feature maps."""

    def __init__(self, models):
        super().__init__()
        self.models = nn.ModuleList(models)

    def forward_features(self, images):
        """Compute the feature map."""
        return torch.cat([model.forward_features(images) for model in self.models], 1)


def transforms(settings, network, *, augment):
    """Return transforms of torchvision, from a Pillow image to a normalized tensor.

    Pillow transforms single images of bytes faster than torchvision transforms tensors.
    """
    side = settings.image_size
    end = [v2.Normalize(network.mean, network.std)]
    to_float = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    if not augment:
        return v2.Compose([v2.Resize((side, side)), *to_float, *end])
    views = AUGMENTATION
    larger = round(side / (1 - views["crop"]))
    zoom = views["zoom"]
    return v2.Compose(
        [
            v2.Resize((larger, larger)),
            v2.RandomCrop(side),
            v2.RandomAffine(
                views["rotation"],
                scale=(1 - zoom, 1 + zoom),
                shear=views["shear"],
                interpolation=v2.InterpolationMode.BILINEAR,
            ),
            v2.RandomHorizontalFlip(0.5 if views["horizontal_flip"] else 0),
            *to_float,
            v2.GaussianNoise(sigma=views["noise"]),
            *end,
        ]
    )


class Radiographs(Dataset):
    """Image files that are read on access."""

    def __init__(self, files, codes, transform):
        self.files = files
        self.codes = codes
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, row):
        with Image.open(self.files[row]) as image:
            pixels = self.transform(image.convert("RGB"))
        return pixels, self.codes[row]
