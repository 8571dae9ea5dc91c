"""As many threads for torch as for NumPy, for as long as a block runs."""

from __future__ import annotations

from contextlib import AbstractContextManager


class same_threads(AbstractContextManager):  # noqa: N801
    """As many threads for torch as for the library behind NumPy's matrix products; gives the number."""

    def __init__(self, threads: int | None) -> None:
        from utils.receipts import cores

        self.threads = threads or cores()

    def __enter__(self) -> int:
        import torch
        from threadpoolctl import threadpool_limits

        self.before = torch.get_num_threads()
        self.limits = threadpool_limits(self.threads)
        torch.set_num_threads(self.threads)
        return self.threads

    def __exit__(self, *error: object) -> None:
        import torch

        torch.set_num_threads(self.before)
        self.limits.restore_original_limits()
