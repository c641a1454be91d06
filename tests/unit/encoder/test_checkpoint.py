"""Checkpoints: whole or not at all, and nothing but ours is read."""

import io
import pickle
import zipfile

import pytest
import torch

from igwas.context import Context
from igwas.encoder.checkpoint import find_checkpoint, read_checkpoint, write_checkpoint
from igwas.encoder.train import train_encoder
from igwas.errors import CorruptFile, IncompleteFile, InputError, OutputError


@pytest.fixture(scope="module")
def path(images, small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint") / "run"
    train_encoder(images, folder, options=small(steps=1), context=Context(threads=1))
    return folder / "last.pt"


def test_what_is_read_is_what_was_written(path, tmp_path):
    checkpoint = read_checkpoint(path)
    write_checkpoint(checkpoint, tmp_path / "copy.pt")
    again = read_checkpoint(tmp_path / "copy.pt")
    assert again.weights_digest == checkpoint.weights_digest
    assert again.options == checkpoint.options
    assert again.people == checkpoint.people


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_checkpoint_is_corrupt(path, tmp_path, share):
    content = path.read_bytes()
    (tmp_path / "cut.pt").write_bytes(content[: int(share * len(content))])
    with pytest.raises(CorruptFile, match="cannot be read as a checkpoint"):
        read_checkpoint(tmp_path / "cut.pt")


def test_a_flipped_bit_anywhere_is_found(path, tmp_path):
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda member: member.file_size)
        places = [member.header_offset + 200 for member in archive.infolist()
                  if member.file_size > 400]  # fmt: skip
        places.append(largest.header_offset + largest.file_size)
    for place in places:
        content[place] ^= 1
        (tmp_path / "flipped.pt").write_bytes(content)
        content[place] ^= 1
        with pytest.raises(CorruptFile, match="cannot be read as a checkpoint"):
            read_checkpoint(tmp_path / "flipped.pt")


def test_a_flipped_weight_is_corrupt(path, tmp_path):
    content = torch.load(path, weights_only=True)
    name = next(iter(content["network"]))
    content["network"][name] += 1e-3
    torch.save(content, tmp_path / "flipped.pt")
    with pytest.raises(CorruptFile, match="do not match their digest"):
        read_checkpoint(tmp_path / "flipped.pt")


class Hostile:
    def __reduce__(self):
        return (print, ("ran",))


def test_a_pickle_that_would_run_code_does_not(tmp_path, capsys):
    (tmp_path / "hostile.pt").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(CorruptFile):
        read_checkpoint(tmp_path / "hostile.pt")
    torch.save({"format": Hostile()}, tmp_path / "hostile2.pt")
    with pytest.raises(CorruptFile, match="records are damaged") as found:
        read_checkpoint(tmp_path / "hostile2.pt")
    assert "weights_only" not in str(found.value)
    assert "ran" not in capsys.readouterr().out


def test_other_files_are_no_checkpoints(path, tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="is no checkpoint of igwas-fast"):
        read_checkpoint(tmp_path / "other.pt")
    with pytest.raises(InputError, match="does not exist"):
        read_checkpoint(tmp_path / "none.pt")
    with pytest.raises(InputError, match="is a folder"):
        read_checkpoint(tmp_path)


def test_a_newer_or_incomplete_checkpoint_is_refused(path, tmp_path):
    content = torch.load(path, weights_only=True)
    torch.save({**content, "version": 99}, tmp_path / "newer.pt")
    with pytest.raises(InputError, match="of version 99; expected 1"):
        read_checkpoint(tmp_path / "newer.pt")
    del content["people"]
    torch.save(content, tmp_path / "part.pt")
    with pytest.raises(CorruptFile, match="lacks people"):
        read_checkpoint(tmp_path / "part.pt")


def test_a_folder_stands_for_its_best_checkpoint(path, tmp_path):
    assert find_checkpoint(path.parent) == path.parent / "best.pt"
    assert find_checkpoint(path) == path
    with pytest.raises(IncompleteFile, match=r"has no best\.pt"):
        find_checkpoint(tmp_path)


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(path, tmp_path, monkeypatch):
    checkpoint = read_checkpoint(path)
    target = tmp_path / "last.pt"
    write_checkpoint(checkpoint, target)
    before = target.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match=r"last\.pt: the disk is full.*--resume"):
        write_checkpoint(checkpoint, target)
    assert target.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]


def test_an_interrupt_while_torch_writes_stays_one(path, tmp_path, monkeypatch):
    checkpoint = read_checkpoint(path)

    class Stream(io.BytesIO):
        def write(self, _data):
            raise KeyboardInterrupt

        def fileno(self):
            return -1

    monkeypatch.setattr(type(path), "open", lambda *_: Stream())
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(checkpoint, tmp_path / "last.pt")
