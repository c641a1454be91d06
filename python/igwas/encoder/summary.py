"""What a training run came to, for a terminal and for Python."""

from dataclasses import dataclass
from pathlib import Path

from igwas.wording import counted

_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class TrainSummary:
    """What a run came to.

    Parameters
    ----------
    run_dir : Path
    step : int
        Steps done.
    n_images, n_people : dict
        Of each part.
    best_step : int
        Step of `best.pt`.
    best : dict
        Its validation scores; empty if nobody has both eyes.
    weights_digest : str
        Of the last weights.
    seconds : float
        Over all sittings.
    notes : tuple of str
        What was warned of when the run began.
    is_first : bool
        Whether this is the process that speaks, of those that torchrun started.
    """

    run_dir: Path
    step: int
    n_people: dict[str, int]
    n_images: dict[str, int]
    best_step: int
    best: dict[str, float]
    weights_digest: str
    seconds: float
    notes: tuple[str, ...] = ()
    is_first: bool = True

    def describe(self) -> list[str]:
        """Lines for a terminal; none from the other processes of a distributed run."""
        if not self.is_first:
            return []
        parts = ", ".join(
            f"{name} {counted(self.n_people[name], 'person', 'people')} "
            f"({counted(self.n_images[name], 'image', 'images')})"
            for name in self.n_people
        )
        lines = [
            f"{self.run_dir}: {counted(self.step, 'step', 'steps')} in {_duration(self.seconds)}",
            f"  {parts}",
        ]
        if self.best:
            lines.append(
                f"  best at step {self.best_step:,}: other eye found first "
                f"{self.best['validation_top1']:.3f}, in five {self.best['validation_top5']:.3f}, "
                f"mean average precision {self.best['validation_map']:.3f} "
                f"({counted(round(self.best['validation_people']), 'person', 'people')} held out)"
            )
        return lines


def _duration(seconds: float) -> str:
    if seconds < _MINUTE * 2:
        return counted(round(seconds), "second", "seconds")
    return f"{seconds / _MINUTE:.1f} minutes"
