"""fastai: ImageDataLoaders and a Learner."""

import warnings

# torch warns about functions that fastcore and fastai call.
warnings.simplefilter("ignore")

from fastai.vision.all import (  # noqa: E402
    CategoryBlock,
    CrossEntropyLossFlat,
    ImageDataLoaders,
    Normalize,
    RandomCrop,
    Resize,
    ResizeMethod,
    aug_transforms,
    set_seed,
)
from fastai.vision.all import Learner as FastaiLearner  # noqa: E402

from contenders._torch_parts import Network  # noqa: E402
from harness.settings import AUGMENTATION, LEARNING_RATE  # noqa: E402


class Learner:
    """See :mod:`contenders.peer_tasks` for the interface.

    fastai has no shear and no noise, and runs without them. Its validation after each
    epoch is off. The frozen body is the same as in the other peers.
    """

    def __init__(self, settings, files, codes, *, frozen, batch_size):
        set_seed(0)
        network = Network(settings, codes.max() + 1, frozen=frozen)
        side = settings.image_size
        larger = round(side / (1 - AUGMENTATION["crop"]))
        zoom = AUGMENTATION["zoom"]
        batches = ImageDataLoaders.from_lists(
            ".",
            list(files),
            list(codes),
            valid_pct=0,
            y_block=CategoryBlock(vocab=list(range(codes.max() + 1))),
            item_tfms=[Resize(larger, ResizeMethod.Squish), RandomCrop(side)],
            batch_tfms=[
                *aug_transforms(
                    do_flip=AUGMENTATION["horizontal_flip"],
                    max_rotate=AUGMENTATION["rotation"],
                    min_zoom=1 - zoom,
                    max_zoom=1 + zoom,
                    max_lighting=0,
                    max_warp=0,
                    p_affine=1.0,
                ),
                Normalize.from_stats(network.mean, network.std, cuda=False),
            ],
            bs=batch_size,
            drop_last=False,
            num_workers=0,
            device=settings.device,
        )
        self.learner = FastaiLearner(
            batches, network, CrossEntropyLossFlat(), lr=LEARNING_RATE, wd=0.0
        )
        self.batch_size = batch_size

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        with self.learner.no_bar(), self.learner.no_logging():
            self.learner.fit(n_epochs)

    def predict_proba(self, files):
        """Return class probabilities, (n, n_classes)."""
        batches = self.learner.dls.test_dl(
            list(files), bs=self.batch_size, num_workers=0
        )
        with self.learner.no_bar():
            return self.learner.get_preds(dl=batches)[0].numpy()
