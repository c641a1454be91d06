import h5py
import numpy as np
import pytest

from igwas.errors import CorruptFile, InputError, SchemaError
from igwas.genotypes.convert import ConvertOptions, convert
from igwas.genotypes.genotype_file import open_genotypes


@pytest.fixture
def path(tmp_path, cohort, write, context):
    out = tmp_path / "x.h5"
    options = ConvertOptions(rows_per_chunk=3)
    convert(write.bed(tmp_path / "x", cohort), out, options=options, context=context)
    return out


def flip_byte(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)


def test_flipped_byte_names_chunk_and_variants(path):
    with open_genotypes(path) as genotypes:
        at = int(genotypes.chunks.offset[2]) + 5
    flip_byte(path, at)
    with open_genotypes(path) as genotypes:
        genotypes[:6]
        with pytest.raises(CorruptFile, match=r"chunk 2 \(variants 7 to 9\) has checksum"):
            genotypes[6]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_corrupt(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CorruptFile, match=r"cut short|damaged"):
        open_genotypes(path)


def test_other_filter_is_refused(path):
    with h5py.File(path, "a") as file:
        rows = file["/genotypes/hardcalls"][:]
        del file["/genotypes/hardcalls"]
        file.create_dataset("/genotypes/hardcalls", data=rows, chunks=(3, 4), compression="gzip")
    with pytest.raises(InputError, match=r"HDF5 filters \[1\]; expected zstd"):
        open_genotypes(path)


@pytest.mark.parametrize("chunks", [None, (3, 2)])
def test_other_layout_is_refused(path, chunks):
    with h5py.File(path, "a") as file:
        rows = file["/genotypes/hardcalls"][:]
        del file["/genotypes/hardcalls"]
        file.create_dataset("/genotypes/hardcalls", data=rows, chunks=chunks)
    with pytest.raises(SchemaError, match="Convert it again"):
        open_genotypes(path)


def test_two_matrices_or_none_are_refused(path):
    with h5py.File(path, "a") as file:
        file.create_dataset("/genotypes/dosages", data=np.zeros((20, 13), np.uint8))
    with pytest.raises(SchemaError, match="hardcalls and dosages"):
        open_genotypes(path)
    with h5py.File(path, "a") as file:
        del file["/genotypes/dosages"], file["/genotypes/hardcalls"]
    with pytest.raises(SchemaError, match="neither"):
        open_genotypes(path)


def test_number_of_checksums_must_fit(path):
    with h5py.File(path, "a") as file:
        stored = file["/genotypes/chunk_crc32c"][:]
        del file["/genotypes/chunk_crc32c"]
        file["/genotypes/chunk_crc32c"] = stored[:-1]
    with pytest.raises(CorruptFile, match="6 checksums; expected one for each of 7 chunks"):
        open_genotypes(path)


def test_chunk_that_was_never_written_is_named(path):
    with h5py.File(path, "a") as file:
        for name, value in list(file["/variants"].items()):
            longer = np.concatenate([value[:], value[-1:].repeat(3)])
            dtype = value.dtype
            del file["/variants"][name]
            file["/variants"].create_dataset(name, data=longer, dtype=dtype)
        file["/genotypes/hardcalls"].resize(23, axis=0)
        stored = file["/genotypes/chunk_crc32c"][:]
        del file["/genotypes/chunk_crc32c"]
        file["/genotypes/chunk_crc32c"] = np.append(stored, np.uint32(0))
    with pytest.raises(CorruptFile, match="chunk 7 of 8 is not stored"):
        open_genotypes(path)


def test_digest_is_that_of_the_file(path):
    from igwas.provenance import file_digest

    with open_genotypes(path) as genotypes:
        assert genotypes.digest == file_digest(path)


def test_chromosomes_of_variable_length_are_read_too(path):
    with h5py.File(path, "a") as file:
        names = file["/variants/chromosome"].asstr()[:]
        del file["/variants/chromosome"]
        file.create_dataset("/variants/chromosome", data=names, dtype=h5py.string_dtype())
    with open_genotypes(path) as genotypes:
        assert genotypes.chromosomes[0] == ["1", "2", "X", "MT"]
