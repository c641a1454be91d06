"""One process at a time writes an output."""

from pathlib import Path

import pytest

from igwas.errors import OptionError, OutputError
from igwas.sole_writer import (
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)


def test_a_second_writer_is_refused(tmp_path):
    output = tmp_path / "statistics.h5"
    with (
        sole_writer(output),
        pytest.raises(OutputError, match="being written by another process"),
        sole_writer(output),
    ):
        pass


def test_the_lock_leaves_nothing_and_can_be_taken_again(tmp_path):
    output = tmp_path / "statistics.h5"
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), sole_writer(output):
            raise ZeroDivisionError
        assert list(tmp_path.iterdir()) == []


def test_a_lock_file_left_by_a_killed_process_is_no_lock(tmp_path):
    output = tmp_path / "statistics.h5"
    lock = tmp_path / "statistics.h5.lock"
    lock.touch()
    with sole_writer(output):
        pass
    assert not lock.exists()


@pytest.mark.parametrize("suffix", ["", ".partial", ".partial.hits", ".creating", ".lock"])
def test_an_input_with_a_name_the_output_needs_is_refused(tmp_path, suffix):
    victim = tmp_path / f"out.h5{suffix}"
    victim.touch()
    with pytest.raises(OptionError, match="the input of phenotypes"):
        refuse_inputs(tmp_path / "out.h5", {"phenotypes": victim})


def test_an_input_behind_a_link_is_refused(tmp_path):
    (tmp_path / "in.h5").touch()
    (tmp_path / "out.h5").symlink_to(tmp_path / "in.h5")
    with pytest.raises(OptionError, match="would replace"):
        refuse_inputs(tmp_path / "out.h5", {"genotypes": tmp_path / "in.h5"})


def test_an_output_needs_the_folder_that_it_is_to_lie_in(tmp_path):
    with pytest.raises(OutputError, match=r"folder .*/new does not exist; expected"):
        require_folder(tmp_path / "new" / "out.h5")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"folder .*/file does not exist"):
        require_folder(tmp_path / "file" / "out.h5")
    require_folder(tmp_path / "out.h5")
    require_folder(tmp_path / "new")


def test_a_device_is_no_output(tmp_path):
    with pytest.raises(OutputError, match="no regular file"):
        refuse_special(Path("/dev/null"))
    refuse_special(tmp_path / "new.h5")


def test_an_output_that_exists_is_replaced_only_when_that_is_asked_for(tmp_path):
    output = tmp_path / "out.h5"
    refuse_existing(output, overwrite=False)
    output.touch()
    refuse_existing(output, overwrite=True)
    with pytest.raises(OutputError) as caught:
        refuse_existing(output, overwrite=False)
    assert str(caught.value) == (
        f"{output} exists; expected a new file. Give --overwrite to replace it."
    )
