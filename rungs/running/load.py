"""How busy the machine was with other things while something was timed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

BUSY = 0.1  # an idle machine's own services stay below a few hundredths


@dataclass(frozen=True)
class Load:
    others: float  # share of the machine's cores that other processes used
    waiting: float  # share of the time in which this process had no core at all

    @property
    def busy(self) -> bool:
        return max(self.others, self.waiting) > BUSY

    def __str__(self) -> str:
        return (
            f"other processes took {self.others:.0%} of its cores, and the steps waited {self.waiting:.0%} of the time"
        )


class LoadMeter:
    """Measures from its making to `read()`; one at a time, since psutil counts from its last call."""

    def __init__(self) -> None:
        psutil.cpu_percent()
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self) -> Load:
        all_processes = psutil.cpu_percent() / 100.0
        used = (time.process_time() - self.cpu) / (time.perf_counter() - self.wall)  # cores that this process had
        return Load(others=max(0.0, all_processes - used / (psutil.cpu_count() or 1)), waiting=max(0.0, 1.0 - used))
