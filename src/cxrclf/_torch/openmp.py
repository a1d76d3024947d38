"""Import torch with a passive wait policy of OpenMP.

A thread of OpenMP that has computed its part of a layer waits for the other threads. By
default it waits actively and occupies a core, even if another thread needs that core.
With the passive policy it sleeps. OpenMP reads the policy only once, when torch is
imported.
"""

import os
import sys

_POLICY = "OMP_WAIT_POLICY"


def import_torch() -> None:
    """Import torch with the passive policy, unless it is imported or a policy is set.

    The environment variable is removed afterwards.
    """
    if "torch" in sys.modules or _POLICY in os.environ:
        return
    os.environ[_POLICY] = "PASSIVE"
    try:
        import torch

        # Some implementations of OpenMP read the policy at their first use.
        torch.get_num_threads()
    finally:
        del os.environ[_POLICY]


import_torch()
