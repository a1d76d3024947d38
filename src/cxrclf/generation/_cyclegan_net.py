"""CycleGANNet: a CycleGAN with its optimizer, and an optimizer step."""

from functools import partial

import numpy as np
import torch

from cxrclf._training.forward import run_parallel
from cxrclf._training.precision import autocast
from cxrclf._utils.keyed_random import derived_seed

_BETAS = 0.5, 0.999
LOSS_NAMES = "adversarial_loss", "cycle_loss", "identity_loss", "discriminator_loss"


class CycleGANNet:
    """A CycleGAN, its optimizer and the format of its images.

    Generators and discriminators have gradients at the same weights, and one Adam
    updates all of them. This equals the published order, in which the discriminators
    follow the generators: their step uses images from before the step of the
    generators.

    Each direction is computed by a thread of its own. The gradients are then added in
    a fixed order, so that they do not depend on the number of threads.

    Parameters
    ----------
    module : CycleGAN
    input_format : InputFormat
        Size, device and floating-point type of the images.
    autocast_dtype : torch.dtype or None
        Type in which convolutions compute. None stands for the type of the parameters.
    learning_rate : float
        Learning rate of Adam.
    cycle_weight, identity_weight : float
        Factors of both losses.
    ema_decay : float
        Decay of the averages of the generators.
    seed : int
        Seed of the pools.
    n_threads : int
        Number of threads on a CPU.
    """

    def __init__(
        self,
        module,
        input_format,
        autocast_dtype,
        *,
        learning_rate,
        cycle_weight,
        identity_weight,
        ema_decay,
        seed,
        n_threads,
    ):
        self.module_ = module.to(input_format.device, input_format.dtype)
        self.input_format = input_format
        self.autocast_dtype = autocast_dtype
        group = {"params": module.all_parameters(), "initial_lr": learning_rate}
        self.optimizer_ = torch.optim.Adam(
            [group], learning_rate, betas=_BETAS, fused=True
        )
        self.weights = torch.tensor(
            [1.0, cycle_weight, identity_weight],
            device=input_format.device,
            dtype=input_format.dtype,
        )
        self.ema_decay = ema_decay
        self.seed = seed
        self.n_threads = n_threads

    def step(self, images, step):
        """Update all networks once.

        Parameters
        ----------
        images : (Tensor, Tensor) of shape (b, C, H, W)
            Images of the source class and of the target class, in [-1, 1].
        step : int
            Number of earlier steps.

        Returns
        -------
        Tensor of shape (4,)
            The losses of `LOSS_NAMES`, averaged over both directions.
        """
        functions = [
            partial(self._differentiate, direction, images, step)
            for direction in (0, 1)
        ]
        n_threads = self.n_threads if self.input_format.device.type == "cpu" else 1
        (first, of_0, own_0), (second, of_1, own_1) = run_parallel(functions, n_threads)
        gradients = [*torch._foreach_add(of_0, of_1), *own_0, *own_1]
        for parameter, gradient in zip(
            self.module_.all_parameters(), gradients, strict=True
        ):
            parameter.grad = gradient
        self.optimizer_.step()
        self.module_.update_averages(self.ema_decay, step)
        return (first + second) / 2

    def _differentiate(self, direction, images, step):
        """Return the losses of a direction and the gradients of its networks."""
        inputs, real = images[direction], images[1 - direction]
        device, dtype = self.input_format.device, self.autocast_dtype
        with autocast(device, dtype):
            losses, fake = self.module_.generator_losses(direction, inputs, real)
        generators = torch.autograd.grad(
            (losses * self.weights).sum(), self.module_.generator_parameters()
        )
        rng = np.random.default_rng(derived_seed(self.seed, step, direction))
        pool = self.module_.pools[direction]
        shown = pool.exchange(fake, step * len(fake), rng)
        with autocast(device, dtype):
            loss = self.module_.discriminator_loss(direction, real, shown)
        discriminator = torch.autograd.grad(
            loss, list(self.module_.discriminators[direction].parameters())
        )
        values = torch.cat([losses.detach(), loss.detach()[None]])
        return values, generators, discriminator

    def translate(self, direction, images):
        """Translate images by the averages of the generators.

        Parameters
        ----------
        direction : {0, 1}
        images : Tensor of shape (b, C, H, W)
            Pixels in [-1, 1].

        Returns
        -------
        Tensor of shape (b, C, H, W)
        """
        with torch.no_grad(), autocast(self.input_format.device, self.autocast_dtype):
            return self.module_.averages[direction](images)
