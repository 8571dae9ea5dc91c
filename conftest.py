"""Settings for every test: one thread a worker, no GPU, and hypothesis examples that are the same in each run."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy and torch are imported
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # a copy of a process cannot use the GPU that the process has used

from hypothesis import settings  # noqa: E402

settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=15)
settings.register_profile(
    "explore", deadline=None, max_examples=200
)  # HYPOTHESIS_PROFILE=explore: new examples every run
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

pytest_plugins = ["tests.browser", "tests.cpu_shares"]


def pytest_collection_modifyitems(items: list) -> None:
    """The browser goes first: it is the longest test, and the other workers can take the rest meanwhile."""
    items.sort(key=lambda item: item.path.name != "test_site.py")
