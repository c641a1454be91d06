"""A training run from images.h5 to checkpoints: split, cache, steps, validation, resume."""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from igwas._version import __version__
from igwas.context import Context
from igwas.encoder.checkpoint import BEST, LAST, Checkpoint, read_checkpoint, write_checkpoint
from igwas.encoder.diagnostics import Diagnostics
from igwas.encoder.distributed import Group, process_group
from igwas.encoder.held_out import HeldOut, score
from igwas.encoder.journal import Journal
from igwas.encoder.learner import Trainer
from igwas.encoder.options import TrainOptions
from igwas.encoder.person_batches import PersonBatches
from igwas.encoder.split import Split, read_split, split_people
from igwas.encoder.training_images import (
    TrainingImages,
    open_cache,
    read_training_images,
    training_digest,
)
from igwas.errors import DeviceUnavailable, InputError, OptionError, OutputError
from igwas.provenance import describe_inputs, file_digest
from igwas.sole_writer import sole_writer

_log = logging.getLogger("igwas")
Progress = Callable[[int, int], None]


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

    def describe(self) -> list[str]:
        """Lines for a terminal."""
        parts = ", ".join(
            f"{name} {self.n_people[name]:,} people ({self.n_images[name]:,} images)"
            for name in self.n_people
        )
        lines = [
            f"{self.run_dir}: {self.step:,} steps in {self.seconds / 60:.1f} minutes",
            f"  {parts}",
        ]
        if self.best:
            lines.append(
                f"  best at step {self.best_step:,}: other eye found first "
                f"{self.best['validation_top1']:.3f}, in five {self.best['validation_top5']:.3f}, "
                f"mean average precision {self.best['validation_map']:.3f} "
                f"({self.best['validation_people']:.0f} people held out)"
            )
        return [*lines, *(f"  {note}" for note in self.notes)]


def choose_device(device: str, group_rank: int = 0) -> torch.device:
    """Resolve `cpu`, `cuda` or `auto`.

    Raises
    ------
    DeviceUnavailable
        If cuda is asked for and there is none; OptionError for another name.
    """
    if device not in ("cpu", "cuda", "auto"):
        raise OptionError(f"--device is {device!r}; expected cpu, cuda or auto.")
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DeviceUnavailable(
            "--device is cuda but torch sees no GPU; expected one. Check the driver and that torch "
            "was built for CUDA, or give --device cpu."
        )
    return torch.device("cuda", group_rank)


def train_encoder(
    images: Path | str,
    run_dir: Path | str,
    *,
    options: TrainOptions | None = None,
    resume: bool = False,
    overwrite: bool = False,
    context: Context | None = None,
    progress: Progress | None = None,
) -> TrainSummary:
    """Train an encoder on the images of an images.h5.

    People are split into training, validation and test; nothing of the test people is looked at.
    The run's folder gets `last.pt` (to go on from), `best.pt` (best validation), `log.csv`,
    `split.tsv`, `run.json`, `images.cache` and, where it is installed, TensorBoard's files. On a
    CPU a resumed run ends with the bits of one that was never stopped.

    Parameters
    ----------
    images : Path or str
        images.h5.
    run_dir : Path or str
        Made if it is not there.
    options : TrainOptions, optional
        The recipe; it must be the same when going on.
    resume : bool
        Go on from `last.pt`; start if there is none.
    overwrite : bool
        Replace the run that is there.
    context : Context, optional
        Threads and device.
    progress : callable(done, total), optional
        Called after each step.

    Returns
    -------
    TrainSummary

    Raises
    ------
    InputError
        If the images cannot be trained on, or the run is of other images.
    OptionError
        If the options cannot be used, or are not those of the run to go on with.
    OutputError
        If the folder holds a run, or another process writes it.
    TrainingFailed
        If the loss becomes infinite or NaN.
    """
    images, run_dir = Path(images), Path(run_dir)
    options, context = options or TrainOptions(), context or Context()
    device_type = choose_device(context.device).type
    if resume and overwrite:
        raise OptionError("--resume and --overwrite are both given; expected one. Leave one out.")
    with process_group(device_type) as group, _resources(context):
        _prepare_folder(run_dir, group, resume=resume, overwrite=overwrite)
        with sole_writer(run_dir / "run") if group.is_first else nullcontext():
            run = _Run(images, run_dir, options, context, group, progress)
            try:
                run.begin(resume=resume)
                return run.finish()
            finally:
                run.close()


@contextmanager
def _resources(context: Context) -> Iterator[None]:
    """Use the context's threads, and leave threads and random numbers as they were."""
    before = torch.get_num_threads()
    torch.set_num_threads(context.n_threads)
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(before)


_FILES = (LAST, BEST, "log.csv", "split.tsv", "run.json", "images.cache", "images.cache.json")


def _prepare_folder(run_dir: Path, group: Group, *, resume: bool, overwrite: bool) -> None:
    if group.is_first:
        if run_dir.exists() and not run_dir.is_dir():
            raise OutputError(f"{run_dir} is a file; expected a folder. Choose another output.")
        try:
            run_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{run_dir} cannot be made ({error.strerror}); expected a folder to write to. "
                "Check its path and permissions."
            ) from error
        there = (run_dir / LAST).exists()
        if there and not (resume or overwrite):
            raise OutputError(
                f"{run_dir} holds a run already; expected an empty folder. Give --resume to go on "
                "with it, or --overwrite to start again."
            )
        if overwrite:
            for name in _FILES:
                (run_dir / name).unlink(missing_ok=True)
            shutil.rmtree(run_dir / "tensorboard", ignore_errors=True)
    group.barrier()


@dataclass
class _Progress:
    """What a run has come to so far; kept in its checkpoints."""

    step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    best_step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    has_collapsed: bool = False


class _Run:
    """One sitting of a run."""

    def __init__(
        self,
        images: Path,
        run_dir: Path,
        options: TrainOptions,
        context: Context,
        group: Group,
        progress: Progress | None,
    ) -> None:
        self._dir, self._options, self._group, self._report = run_dir, options, group, progress
        self._images = read_training_images(images, options.grades)
        self._images_digest = file_digest(images)
        self._split = _split_of(self._images, options)
        device = choose_device(context.device, group.local_rank)
        if group.is_first:
            open_cache(self._images, run_dir, options.cache_size_px, progress)
        group.barrier()
        self._cache = open_cache(self._images, run_dir, options.cache_size_px)
        batches = _batches_of(self._images, self._split, options)
        self._trainer = Trainer(
            options,
            batches,
            self._cache,
            n_steps=options.n_steps(batches.batches_per_epoch),
            device=device,
            group=group,
        )
        self._held_out = HeldOut.of(self._images, self._split.validation)
        self._now = _Progress()
        self._notes = _notes_of(self._options, batches, self._held_out)
        self._journal: Journal | None = None

    def begin(self, *, resume: bool) -> None:
        """Start, or go back to the last checkpoint."""
        last = self._dir / LAST
        if resume and last.exists():
            self._restore(read_checkpoint(last))
        elif resume:
            _log.info("nothing to resume at %s: starting from the beginning", last)
        if self._group.is_first:
            _write_split(self._split, self._dir / "split.tsv")
            self._write_description()
            self._journal = Journal(self._dir, self._now.step)

    def _restore(self, checkpoint: Checkpoint) -> None:
        differences = checkpoint.options.differences(self._options)
        if differences:
            raise OptionError(
                f"{self._dir} is a run of other options ({'; '.join(differences)}); expected the "
                "same. Repeat the first command with --resume, or give --overwrite to start again."
            )
        if checkpoint.images_digest != self._images_digest:
            raise InputError(
                f"{self._images.path} is not the file that {self._dir} was trained on; expected "
                f"the same images ({checkpoint.images_path}). Give that file, or --overwrite."
            )
        state = checkpoint.training_state
        self._trainer.restore(checkpoint.network, state)
        self._now = _Progress(**state["progress"])
        if len(state["random"]) != self._group.size:
            _log.warning(
                "the run had %d processes and has %d now: it goes on, not bit for bit",
                len(state["random"]),
                self._group.size,
            )

    def finish(self) -> TrainSummary:
        """Do the steps that are left."""
        now, trainer = self._now, self._trainer
        if now.step >= trainer.n_steps:
            _log.info("%s is complete: nothing to resume", self._dir)
        began, before = time.monotonic(), now.seconds
        while now.step < trainer.n_steps:
            now.loss_sum += trainer.step(now.step)
            now.loss_count += 1
            now.step += 1
            if self._report is not None:
                self._report(now.step, trainer.n_steps)
            if now.step % self._options.validate_every == 0 or now.step == trainer.n_steps:
                now.seconds = before + time.monotonic() - began
                self._validate()
        return self._summary()

    def _validate(self) -> None:
        now = self._now
        loss, now.loss_sum, now.loss_count = now.loss_sum / max(1, now.loss_count), 0.0, 0
        scores: dict[str, float] = {}
        if self._group.is_first and len(self._held_out.positions) > 1:
            scores, shape = score(
                self._trainer.network,
                self._cache,
                self._held_out,
                self._trainer.mask,
                self._options.image_size_px,
            )
            self._warn_of_collapse(shape)
            scores |= {
                "alignment": shape.alignment,
                "uniformity": shape.uniformity,
                "effective_rank": shape.effective_rank,
                "spread": shape.spread,
            }
        is_best = not scores or scores["validation_map"] >= now.best.get("validation_map", -1.0)
        if is_best:
            now.best, now.best_step = scores, now.step
        count = now.step // self._options.validate_every
        is_due = count % self._options.checkpoint_every == 0 or now.step == self._trainer.n_steps
        if is_due or is_best:
            # Of all processes: each gives its random numbers.
            self._save(scores, is_best=is_best, is_due=is_due)
        if self._journal is not None:
            self._journal.add(
                {
                    "step": now.step,
                    "epoch": now.step * self._options.accumulate
                    / self._trainer.batches.batches_per_epoch,
                    "learning_rate": self._trainer.learning_rate(now.step - 1),
                    "loss": loss,
                    "seconds": now.seconds,
                    **scores,
                }
            )

    def _warn_of_collapse(self, shape: Diagnostics) -> None:
        if shape.is_collapsed and not self._now.has_collapsed:
            _log.warning(
                "the encoder has collapsed at step %s (spread %.3f, effective rank %.1f): all "
                "images look alike to it; lower the learning rate or use another objective",
                f"{self._now.step:,}",
                shape.spread,
                shape.effective_rank,
            )
        self._now.has_collapsed = shape.is_collapsed

    def _save(self, scores: dict[str, float], *, is_best: bool, is_due: bool) -> None:
        state = self._trainer.state()
        if not self._group.is_first:
            return
        people = frozenset(self._split.train) | frozenset(self._split.validation)
        checkpoint = Checkpoint(
            options=self._options,
            step=self._now.step,
            network=self._trainer.network.state_dict(),
            training_state={**state, "progress": dict(vars(self._now))},
            images_path=str(self._images.path.resolve()),
            images_digest=self._images_digest,
            image_size_px=self._images.size_px,
            preprocessing_version=self._images.preprocessing_version,
            people={name: list(ids) for name, ids in self._split.parts().items()},
            training_digest=training_digest(self._images, people),
            validation=scores,
        )
        # best first: a kill between the two repeats some steps and finds the same best again.
        for name, is_wanted in ((BEST, is_best), (LAST, is_due)):
            if is_wanted:
                write_checkpoint(checkpoint, self._dir / name)

    def _write_description(self) -> None:
        description: dict[str, Any] = {
            "format": "igwas training run",
            "igwas_version": __version__,
            "inputs": describe_inputs({"images": self._images.path}),
            "options": self._options.as_dict(),
            "steps": self._trainer.n_steps,
            "processes": self._group.size,
            "torch": torch.__version__,
            "device": self._trainer.device.type,
        }
        partial = self._dir / "run.json.partial"
        partial.write_text(json.dumps(description, indent=2) + "\n")
        partial.replace(self._dir / "run.json")

    def _summary(self) -> TrainSummary:
        from igwas.encoder.checkpoint import digest_of

        parts = self._split.parts()
        return TrainSummary(
            run_dir=self._dir,
            step=self._now.step,
            n_people={name: len(people) for name, people in parts.items()},
            n_images={
                name: len(self._images.of_people(frozenset(people)))
                for name, people in parts.items()
            },
            best_step=self._now.best_step,
            best=self._now.best,
            weights_digest=digest_of(self._trainer.network.state_dict()),
            seconds=self._now.seconds,
            notes=tuple(self._notes),
        )

    def close(self) -> None:
        """Release threads and files."""
        self._trainer.close()
        if self._journal is not None:
            self._journal.close()


def _split_of(images: TrainingImages, options: TrainOptions) -> Split:
    if options.split_file is not None:
        return read_split(options.split_file, images.participant_ids)
    return split_people(
        images.participant_ids,
        seed=options.split_seed,
        shares=options.split_shares,
        fold=options.fold,
    )


def _batches_of(images: TrainingImages, split: Split, options: TrainOptions) -> PersonBatches:
    positions = images.of_people(frozenset(split.train))
    return PersonBatches(
        positions.tolist(),
        [images.participant_ids[i] for i in positions],
        [images.eyes[i] for i in positions],
        [images.visits[i] for i in positions],
        positives=options.positives,
        exclude_same_visit=options.exclude_same_visit,
        batch_people=options.batch_people,
        seed=options.seed,
    )


def _notes_of(options: TrainOptions, batches: PersonBatches, held_out: HeldOut) -> list[str]:
    notes = []
    if batches.batch_people < options.batch_people:
        notes.append(
            f"a batch is all {batches.batch_people:,} people, not {options.batch_people:,}: "
            "there are no more"
        )
    if batches.left_out:
        notes.append(
            f"{len(batches.left_out):,} people for training have no photographs of different, "
            f"known visits and are left out (first: {batches.left_out[0]})"
        )
    if len(held_out.positions) < 2:
        notes.append(
            "fewer than two people held out have both eyes: no retrieval, and best.pt is the last"
        )
    for note in notes:
        _log.warning("%s", note)
    return notes


def _write_split(split: Split, path: Path) -> None:
    lines = ["participant_id\tpart"]
    lines += [f"{person}\t{part}" for part, people in split.parts().items() for person in people]
    partial = path.with_name(path.name + ".partial")
    partial.write_text("\n".join(lines) + "\n")
    partial.replace(path)
