"""Every photograph has a grade that is one, or the file is refused."""

import pytest
from tests.encoder_files import write_images

from igwas.embeddings.image_rows import open_image_rows
from igwas.encoder.training_images import read_training_images
from igwas.errors import InputError
from igwas.images.images_file import read_images


def read_for_training(path):
    return read_training_images(path, ("keep",))


@pytest.mark.parametrize("read", [read_images, open_image_rows, read_for_training])
@pytest.mark.parametrize("odd", ["Keep", "", "good"])
def test_what_is_no_grade_is_refused_in_one_line(tmp_path, read, odd):
    path = write_images(tmp_path / "i.h5", n_people=2, grade=["keep", "usable", odd, "reject"])
    with pytest.raises(InputError) as found:
        read(path)
    message = str(found.value)
    assert f"{path}: /grade of photograph 3 is {odd!r}; expected keep, usable or reject" in message
    assert "\n" not in message
