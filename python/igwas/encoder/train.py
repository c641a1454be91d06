"""A training run from images.h5 to checkpoints: split, cache, steps, validation, resume."""

import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from igwas.context import Context, given_context, refuse_gpus, refuse_memory_bound
from igwas.encoder.checkpoint import (
    BEST,
    LAST,
    Checkpoint,
    digest_of,
    read_checkpoint,
    write_checkpoint,
)
from igwas.encoder.diagnostics import Diagnostics
from igwas.encoder.distributed import Group, process_group
from igwas.encoder.held_out import HeldOut, score
from igwas.encoder.journal import Journal
from igwas.encoder.learner import Trainer
from igwas.encoder.options import TrainOptions
from igwas.encoder.person_batches import PersonBatches
from igwas.encoder.run_folder import (
    FILES,
    empty_folder,
    make_folder,
    what_is_kept,
    write_description,
    write_split,
)
from igwas.encoder.split import Split, read_split, split_people
from igwas.encoder.summary import TrainSummary
from igwas.encoder.torch_device import choose_device, torch_resources
from igwas.encoder.training_images import (
    TrainingImages,
    open_cache,
    read_training_images,
    training_digest,
)
from igwas.errors import InputError, OptionError
from igwas.provenance import file_digest
from igwas.sole_writer import refuse_inputs, sole_writer
from igwas.whole_file import output_error
from igwas.wording import counted

_log = logging.getLogger("igwas")
Progress = Callable[[int, int], None]


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
        If the options cannot be used, or are not those of the run to go on with, or the context
        numbers GPUs or bounds the memory.
    OutputError
        If the folder holds a run, another process writes it, or the disk is full.
    TrainingFailed
        If the loss becomes infinite or NaN.
    """
    images, run_dir = Path(images), Path(run_dir)
    options, context = options or TrainOptions(), given_context(context)
    refuse_gpus(context, "a training process")
    refuse_memory_bound(context, "a training process")
    device_type = choose_device(context.device).type
    if resume and overwrite:
        raise OptionError("--resume and --overwrite are both given; expected one. Leave one out.")
    for name in FILES:
        refuse_inputs(run_dir / name, _inputs(images, options))
    with process_group(device_type) as group, torch_resources(context):
        if group.is_first:
            make_folder(run_dir)
        with sole_writer(run_dir / "run") if group.is_first else nullcontext():
            # Not before the lock is held: the run that is there may be going on.
            if group.is_first:
                empty_folder(run_dir, resume=resume, overwrite=overwrite)
            group.barrier()
            run = _Run(images, run_dir, options, context, group, progress)
            try:
                run.begin(resume=resume)
                return run.finish()
            except KeyboardInterrupt as stop:
                stop.add_note(what_is_kept(run_dir))
                raise
            except OSError as error:
                if error.filename is not None:
                    raise
                raise output_error(run_dir, error) from error
            finally:
                run.close()


def _inputs(images: Path, options: TrainOptions) -> dict[str, Path]:
    inputs = {"images": images}
    if options.split_file is not None:
        inputs["--split-file"] = options.split_file
    return inputs


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
    has_warned: bool = False


# Below this many people held out, chance and its spread are too large to choose an encoder by.
_FEW_HELD_OUT = 30


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
        self._dir, self._options, self._group = run_dir, options, group
        self._report = progress if group.is_first else None
        self._images = read_training_images(images, options.grades)
        self._images_digest = file_digest(images)
        self._split = _split_of(self._images, options)
        device = choose_device(context.device, group.local_rank)
        if group.is_first:
            open_cache(self._images, run_dir, options.cache_size_px)
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
            write_split(self._split, self._dir)
            write_description(
                self._dir,
                images=self._images.path,
                options=self._options.as_dict(),
                details={
                    "steps": self._trainer.n_steps,
                    "processes": self._group.size,
                    "device": self._trainer.device.type,
                },
            )
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
                    "epoch": now.step
                    * self._options.accumulate
                    / self._trainer.batches.batches_per_epoch,
                    "learning_rate": self._trainer.learning_rate(now.step - 1),
                    "loss": loss,
                    "seconds": now.seconds,
                    **scores,
                }
            )

    def _warn_of_collapse(self, shape: Diagnostics) -> None:
        now = self._now
        # Features begin close together: one validation like that says little before the end.
        is_lasting = now.has_collapsed or now.step == self._trainer.n_steps
        if shape.is_collapsed and is_lasting and not now.has_warned:
            _log.warning(
                "the encoder has collapsed at step %s (spread %.3f, effective rank %.1f): all "
                "images look alike to it; lower the learning rate or use another objective",
                f"{now.step:,}",
                shape.spread,
                shape.effective_rank,
            )
            now.has_warned = True
        now.has_collapsed = shape.is_collapsed
        now.has_warned &= shape.is_collapsed

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

    def _summary(self) -> TrainSummary:
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
            is_first=self._group.is_first,
        )

    def close(self) -> None:
        """Release threads and files."""
        self._trainer.close()
        if self._journal is not None:
            self._journal.close()


def _split_of(images: TrainingImages, options: TrainOptions) -> Split:
    if options.split_file is not None:
        return read_split(options.split_file, images.everybody)
    return split_people(
        images.everybody,
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
            f"{counted(len(batches.left_out), 'person', 'people')} for training without "
            f"photographs of different, known visits left out (first: {batches.left_out[0]})"
        )
    if len(held_out.positions) < 2:
        notes.append(
            "fewer than two people held out have both eyes: no retrieval, and best.pt is the last"
        )
    elif len(held_out.positions) < _FEW_HELD_OUT:
        notes.append(
            f"{len(held_out.positions)} people held out have both eyes: retrieval among so few is "
            "easy, and says little of the encoder (chance to find the other eye first is "
            f"{1 / len(held_out.positions):.2f})"
        )
    for note in notes:
        _log.warning("%s", note)
    return notes
