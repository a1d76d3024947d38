"""torch, imported with threads that sleep while they wait.

A thread of OpenMP that has computed its part of a layer waits for the others. By
default it keeps its core busy with waiting, even if the thread that it waits for needs
that core. OpenMP reads the policy once, when torch is imported.
"""

import os
import sys

_POLICY = "OMP_WAIT_POLICY"


def import_torch() -> None:
    """Import torch with the passive policy, unless it is imported or a policy is set.

    The environment is afterwards as it was before.
    """
    if "torch" in sys.modules or _POLICY in os.environ:
        return
    os.environ[_POLICY] = "PASSIVE"
    try:
        import torch

        torch.get_num_threads()  # some implementations read it at the first use
    finally:
        del os.environ[_POLICY]


import_torch()
