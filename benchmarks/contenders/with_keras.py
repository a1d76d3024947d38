"""Keras 3 on TensorFlow, with the ImageDataGenerator that the papers used."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import pandas as pd
import tensorflow as tf
from tensorflow import keras

from harness.settings import (
    AUGMENTATION,
    DROPOUT,
    HIDDEN_UNITS,
    LEARNING_RATE,
)

mobilenet = keras.applications.mobilenet_v2


class Learner:
    """See :mod:`contenders.peer_tasks` for the interface.

    Keras has no EfficientNet-Lite, so the network is MobileNetV2. Its weights are
    random, because they do not affect the time and need no download. The generator has
    no crop and no noise, and runs without them.
    """

    def __init__(self, settings, files, codes, *, frozen, batch_size):
        keras.utils.set_random_seed(0)
        self.side = settings.image_size
        self.batch_size = batch_size
        body = mobilenet.MobileNetV2(
            input_shape=(self.side, self.side, 3),
            include_top=False,
            weights=None,
            pooling="avg",
        )
        body.trainable = not frozen
        self.model = keras.Sequential(
            [
                body,
                keras.layers.Dense(HIDDEN_UNITS, activation="relu"),
                keras.layers.Dropout(DROPOUT),
                keras.layers.Dense(int(codes.max()) + 1, activation="softmax"),
            ]
        )
        self.model.compile(
            keras.optimizers.Adam(LEARNING_RATE), "sparse_categorical_crossentropy"
        )
        self.batches = self._flow(
            self._generator(
                rotation_range=AUGMENTATION["rotation"],
                shear_range=AUGMENTATION["shear"],
                zoom_range=AUGMENTATION["zoom"],
                horizontal_flip=AUGMENTATION["horizontal_flip"],
            ),
            files,
            codes,
            shuffle=True,
        )

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        self.model.fit(self.batches, epochs=n_epochs, verbose=0)

    def predict_proba(self, files):
        """Return class probabilities, (n, n_classes)."""
        batches = self._flow(self._generator(), files, [0] * len(files), shuffle=False)
        return self.model.predict(batches, verbose=0)

    def _generator(self, **views):
        return tf.keras.preprocessing.image.ImageDataGenerator(
            preprocessing_function=mobilenet.preprocess_input, **views
        )

    def _flow(self, generator, files, codes, *, shuffle):
        return generator.flow_from_dataframe(
            pd.DataFrame({"file": files, "class": [str(code) for code in codes]}),
            x_col="file",
            y_col="class",
            class_mode="sparse",
            target_size=(self.side, self.side),
            interpolation="bilinear",
            batch_size=self.batch_size,
            shuffle=shuffle,
        )
