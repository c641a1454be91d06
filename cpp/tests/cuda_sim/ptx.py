"""Runs the PTX that nvcc makes of a kernel, a block of threads at a time, on NumPy.

Only the instructions that our kernels have; others are an error. Reads of memory that nobody wrote,
accesses outside a buffer, and warps that are apart where they must be together are errors too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

WARP = 32
_BITS = {"u8": 8, "s8": 8, "u16": 16, "s16": 16, "b16": 16, "u32": 32, "s32": 32, "b32": 32,
         "u64": 64, "s64": 64, "b64": 64, "f32": 32, "f64": 64}  # fmt: skip
_COMPARE = {"lt": np.less, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
            "gt": np.greater, "le": np.less_equal}  # fmt: skip
# The same where one is NaN: true.
_UNORDERED = {"ltu": "ge", "geu": "lt", "gtu": "le", "leu": "gt", "equ": "ne", "neu": "eq"}
_ARITHMETIC = {"add": np.add, "sub": np.subtract, "and": np.bitwise_and, "or": np.bitwise_or,
               "xor": np.bitwise_xor, "min": np.minimum, "max": np.maximum,
               "div": np.floor_divide}  # fmt: skip
# As IEEE 754 says, once rounded each: NumPy's are the same. Of max, PTX takes the number, not NaN.
_FLOATING = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
             "max": np.fmax}  # fmt: skip
_FLOATING_OF_ONE = {"neg": np.negative, "abs": np.abs, "sqrt": np.sqrt, "rcp": np.reciprocal}
_ROUNDING = {"rmi": np.floor, "rzi": np.trunc}
_ATOMIC = {"add": np.add, "min": np.minimum, "max": np.maximum}


_COMPUTED = ("mul", "mad", "fma", "shl", "shr", "not", "prmt", "selp", "div", "popc")


class PtxError(Exception):
    """The program does what it may not, or what this interpreter does not know."""


def _type(name: str) -> np.dtype[Any]:
    letter = {"s": "i", "f": "f"}.get(name[0], "u")
    return np.dtype(f"{letter}{_BITS[name] // 8}")


def _permuted(
    low: NDArray[np.uint32], high: NDArray[np.uint32], selector: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """Bytes of {low, high} that the nibbles of the selector name."""
    both = low.astype(np.uint64) | high.astype(np.uint64) << np.uint64(32)
    chosen = np.zeros(len(low), np.uint32)
    for i in range(4):
        nibble = (selector >> np.uint32(4 * i)) & np.uint32(15)
        if (nibble > 7).any():
            raise PtxError("prmt that copies signs")
        byte = (both >> (nibble.astype(np.uint64) * np.uint64(8))) & np.uint64(0xFF)
        chosen |= byte.astype(np.uint32) << np.uint32(8 * i)
    return chosen


def _fused(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The product of two plus the third, rounded once: in fractions, where all are numbers."""
    found = a * b + c
    for i in np.flatnonzero(np.isfinite(a) & np.isfinite(b) & np.isfinite(c)):
        exact = Fraction(float(a[i])) * Fraction(float(b[i])) + Fraction(float(c[i]))
        # Fractions have no zero below zero; and what is too large for a float stays infinite.
        if exact and np.isfinite(found[i]):
            found[i] = float(exact)
    return found


def _roughly_inverse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """As rcp.approx.ftz.f64: the lower half of the bits is zero."""
    high = (1 / values).view(np.uint64) & np.uint64(0xFFFFFFFF00000000)
    return high.view(np.float64)


class Memory:
    """Buffers far apart, each with what of it has been written."""

    _STEP = 1 << 32

    def __init__(self) -> None:
        self._buffers: list[NDArray[np.uint8]] = []
        self._is_written: list[NDArray[np.bool_]] = []

    def put(self, values: NDArray[Any], *, is_written: bool = True) -> int:
        """A buffer with these values, or with none that may be read yet; its address."""
        self._buffers.append(np.ascontiguousarray(values).view(np.uint8).ravel().copy())
        self._is_written.append(np.full(self._buffers[-1].size, is_written))
        return len(self._buffers) * self._STEP

    def get(self, address: int, dtype: Any) -> NDArray[Any]:
        """The values of a buffer."""
        return self._buffers[address // self._STEP - 1].view(dtype)

    def at(self, addresses: NDArray[np.uint64], n_bytes: int) -> tuple[int, NDArray[np.int64]]:
        """Which buffer, and where in it."""
        numbers = np.unique(addresses // self._STEP)
        if len(numbers) != 1 or not 1 <= numbers[0] <= len(self._buffers):
            raise PtxError("an access outside every buffer")
        number = int(numbers[0]) - 1
        offsets = (addresses % self._STEP).astype(np.int64)
        if (offsets + n_bytes > self._buffers[number].size).any() or (offsets % n_bytes).any():
            raise PtxError("an access past the end of a buffer, or not aligned")
        return number, offsets

    def load(self, addresses: NDArray[np.uint64], dtype: np.dtype[Any]) -> NDArray[Any]:
        """One value for each address."""
        number, offsets = self.at(addresses, dtype.itemsize)
        if not self._is_written[number][offsets].all():
            raise PtxError("a read of memory that nobody wrote")
        return self._buffers[number].view(dtype)[offsets // dtype.itemsize]

    def store(self, addresses: NDArray[np.uint64], values: NDArray[Any]) -> None:
        """One value for each address."""
        number, offsets = self.at(addresses, values.itemsize)
        self._buffers[number].view(values.dtype)[offsets // values.itemsize] = values
        for byte in range(values.itemsize):
            self._is_written[number][offsets + byte] = True

    def combine(
        self, operation: str, addresses: NDArray[np.uint64], values: NDArray[Any]
    ) -> NDArray[Any]:
        """Atomically, one after the other; what was there before each."""
        number, offsets = self.at(addresses, values.itemsize)
        target = self._buffers[number].view(values.dtype)
        before = np.empty_like(values)
        for i, at in enumerate(offsets // values.itemsize):
            before[i] = target[at]
            target[at] = _ATOMIC[operation](target[at], values[i])
        return before


@dataclass
class Kernel:
    """Instructions (guard, opcode, operands), labels, and sizes."""

    code: list[tuple[str | None, str, list[str]]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    registers: dict[str, int] = field(default_factory=dict)
    shared_bytes: int = 0
    shared: dict[str, int] = field(default_factory=dict)
    may_fuse: bool = False


def parse(text: str, name: str, *, may_fuse: bool = False) -> Kernel:
    """The kernel whose mangled name holds `name`.

    `may_fuse` : multiplications and additions in one are no error. Logarithms have them.
    """
    body = re.search(rf"\.entry \w*{name}\w*\(.*?^{{\n(.*?)^}}", text, re.DOTALL | re.MULTILINE)
    kernel = Kernel(may_fuse=may_fuse)
    for raw in body[1].splitlines():
        line = raw.split("//")[0].strip().rstrip(";")
        if line in ("{", "}") or line == ".reg .b32 %temp":
            continue
        if line.startswith(".reg"):
            prefix, count = re.search(r"(%[a-z]+)<(\d+)>", line).groups()
            kernel.registers[prefix] = int(count)
        elif line.startswith(".shared"):
            alignment, shared, size = re.search(
                r"\.align (\d+) \.\w+ (\w+)(?:\[(\d+)\])?", line
            ).groups()
            start = -(-kernel.shared_bytes // int(alignment)) * int(alignment)
            kernel.shared[shared] = start
            kernel.shared_bytes = -(-(start + int(size or 8)) // 16) * 16
        elif line.endswith(":"):
            kernel.labels[line[:-1]] = len(kernel.code)
        elif line and not line.startswith("."):
            guard, opcode, rest = re.fullmatch(r"(?:@(!?%p\d+)\s+)?(\S+)\s*(.*)", line).groups()
            operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", rest)
            kernel.code.append((guard, opcode, operands))
    return kernel


class Block:
    """A block of threads at work."""

    def __init__(
        self, kernel: Kernel, memory: Memory, arguments: bytes, n: int,
        index: tuple[int, int, int], grid: tuple[int, int, int],
    ) -> None:  # fmt: skip
        self.kernel, self.memory, self.arguments, self.n = kernel, memory, arguments, n
        kinds = {"%p": np.bool_, "%r": np.uint32, "%rd": np.uint64, "%rs": np.uint16,
                 "%f": np.float32, "%fd": np.float64}  # fmt: skip
        self.registers = {
            prefix: np.zeros((count, n), kinds[prefix])
            for prefix, count in kernel.registers.items()
        }
        self.special = {"%tid.x": np.arange(n, dtype=np.uint32)}
        for axis, value, size in zip("xyz", index, grid, strict=True):
            self.special[f"%ctaid.{axis}"] = np.full(n, value, np.uint32)
            self.special[f"%nctaid.{axis}"] = np.full(n, size, np.uint32)
        self.shared = np.zeros(kernel.shared_bytes, np.uint8)
        self.is_shared_written = np.zeros(kernel.shared_bytes, np.bool_)
        self.place = np.zeros(n, np.int64)
        self.waits = np.zeros(n, np.bool_)
        self.is_covered = np.zeros(len(kernel.code), np.bool_)

    def run(self) -> None:
        """To the end; the threads that are furthest behind go first."""
        end = len(self.kernel.code)
        while True:
            live = (self.place < end) & ~self.waits
            if not live.any():
                if not self.waits.any():
                    return
                if not self.waits.all() or len(np.unique(self.place)) != 1:
                    raise PtxError("threads wait at a barrier that others never reach")
                self.waits[:] = False
                continue
            at = int(self.place[live].min())
            lanes = np.flatnonzero(live & (self.place == at))
            guard, opcode, operands = self.kernel.code[at]
            self.is_covered[at] = True
            self.place[lanes] = at + 1
            if guard is not None:
                holds = self.value(guard.lstrip("!"), "pred", lanes)
                lanes = lanes[~holds if guard[0] == "!" else holds]
            if len(lanes):
                self.execute(opcode, operands, lanes)

    def row(self, register: str) -> NDArray[Any]:
        """All threads' values of a register."""
        prefix, number = re.fullmatch(r"(%[a-z]+)(\d+)", register).groups()
        return self.registers[prefix][int(number)]

    def value(self, operand: str, kind: str, lanes: NDArray[np.int64]) -> NDArray[Any]:
        """An operand as some threads see it; of a wider register the low bits."""
        if operand in self.special:
            values = self.special[operand][lanes]
        elif operand.startswith("%"):
            values = self.row(operand)[lanes]
        elif operand.startswith("0d"):
            values = np.full(len(lanes), int(operand[2:], 16), np.uint64).view(np.float64)
        elif operand.startswith("0f"):
            values = np.full(len(lanes), int(operand[2:], 16), np.uint32).view(np.float32)
        elif operand.endswith("_param_0"):
            values = np.zeros(len(lanes), np.uint64)
        elif operand in self.kernel.shared:
            values = np.full(len(lanes), self.kernel.shared[operand], np.uint64)
        else:
            values = np.full(len(lanes), int(operand, 0) % 2**64, np.uint64)
        if kind == "pred":
            return values != 0
        if values.dtype.kind == "f":
            values = values.view(f"u{values.itemsize}")
        width = np.dtype(f"u{_BITS[kind] // 8}")
        return values.astype(width).view(_type(kind))

    def set(self, register: str, values: NDArray[Any], lanes: NDArray[np.int64]) -> None:
        """Write a register; signed values are extended by their sign."""
        row = self.row(register)
        if row.dtype.kind == "f":
            row[lanes] = values.view(row.dtype)
        else:
            is_float = values.dtype.kind == "f"
            same_size = values.view(f"u{values.itemsize}") if is_float else values
            row[lanes] = same_size if row.dtype == np.bool_ else same_size.astype(row.dtype)

    def address(self, operand: str, lanes: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Of [register + number]."""
        base, offset = re.fullmatch(r"\[([^+\]]+?)(?:\+(-?\d+))?\]", operand).groups()
        start = self.value(base, "u64", lanes)
        return start + np.uint64(int(offset or 0) % 2**64)

    def execute(self, opcode: str, operands: list[str], lanes: NDArray[np.int64]) -> None:
        """One instruction of some threads."""
        name, *parts = opcode.split(".")
        if name == "fma" and not self.kernel.may_fuse:
            raise PtxError("a multiplication and an addition in one: not the bits of the CPU")
        if name == "mov" and "{" in operands[0] + operands[1]:
            self._move_halves(operands, lanes)
        elif name in _ARITHMETIC or name in _FLOATING_OF_ONE or name in _COMPUTED:
            self.set(operands[0], self.computed(name, parts, operands, lanes), lanes)
        elif name in ("mov", "cvta"):
            kind = "u64" if name == "cvta" else parts[-1]
            self.set(operands[0], self.value(operands[1], kind, lanes), lanes)
        elif name == "cvt":
            values = self.value(operands[1], parts[-1], lanes)
            rounded = _ROUNDING[parts[0]](values) if parts[0] in _ROUNDING else values
            self.set(operands[0], rounded.astype(_type(parts[-2])), lanes)
        elif name == "setp":
            pair = [self.value(operand, parts[-1], lanes) for operand in operands[1:3]]
            inverse = _UNORDERED.get(parts[0])
            if parts[0] in ("nan", "num"):
                holds = (np.isnan(pair[0]) | np.isnan(pair[1])) == (parts[0] == "nan")
            else:
                holds = ~_COMPARE[inverse](*pair) if inverse else _COMPARE[parts[0]](*pair)
            self.set(operands[0], holds, lanes)
        else:
            self.moves[name](self, parts, operands, lanes)

    def computed(
        self, name: str, parts: list[str], operands: list[str], lanes: NDArray[np.int64]
    ) -> NDArray[Any]:
        """The result of an instruction that only computes."""
        kind = parts[-1]

        def source(i: int, of: str = kind) -> NDArray[Any]:
            return self.value(operands[i], of, lanes)

        if name == "selp":
            return np.where(self.value(operands[3], "pred", lanes), source(1), source(2))
        if name == "prmt":
            return _permuted(source(1), source(2), source(3))
        if kind == "pred":
            return ~source(1) if name == "not" else _ARITHMETIC[name](source(1), source(2))
        if kind in ("f32", "f64"):
            return self._floating(name, parts, [source(i) for i in range(1, len(operands))])
        if name == "not":
            return ~source(1)
        if name == "popc":
            return np.bitwise_count(source(1)).astype(np.uint32)
        if name in ("shl", "shr"):
            count = source(2, "u32")
            if (count >= _BITS[kind]).any():
                raise PtxError("a shift by all bits")
            shift = np.left_shift if name == "shl" else np.right_shift
            return shift(source(1), count.astype(_type(kind)))
        if name in ("mul", "mad"):
            wide = kind[0] + str(2 * _BITS[kind]) if "wide" in parts else kind
            product = source(1).astype(_type(wide)) * source(2).astype(_type(wide))
            return product if name == "mul" else product + source(3, wide)
        return _ARITHMETIC[name](source(1), source(2))

    def _floating(self, name: str, parts: list[str], values: list[NDArray[Any]]) -> NDArray[Any]:
        if name == "fma":
            return _fused(*values)
        if name == "rcp" and "approx" in parts:
            return _roughly_inverse(*values)
        return (_FLOATING_OF_ONE.get(name) or _FLOATING[name])(*values)

    def _move_halves(self, operands: list[str], lanes: NDArray[np.int64]) -> None:
        """64 bits into two registers, the low ones first, or out of two."""
        to, start = (re.findall(r"%\w+", operand) or [operand] for operand in operands)
        if len(to) == 1:
            low, high = (self.value(half, "u32", lanes).astype(np.uint64) for half in start)
            self.set(to[0], low | high << np.uint64(32), lanes)
            return
        both = self.value(start[0], "u64", lanes)
        for shift, register in zip((0, 32), to, strict=True):
            if register != "%temp":
                self.set(register, (both >> np.uint64(shift)).astype(np.uint32), lanes)

    def _load(self, parts: list[str], operands: list[str], lanes: NDArray[np.int64]) -> None:
        dtype = _type(parts[-1])
        for i, register in enumerate(re.findall(r"%\w+", operands[0])):
            if parts[0] == "param":
                offset = int(self.address(operands[1], lanes)[0]) + i * dtype.itemsize
                value = np.frombuffer(self.arguments, dtype, 1, offset)
                self.set(register, np.repeat(value, len(lanes)), lanes)
                continue
            addresses = self.address(operands[1], lanes) + np.uint64(i * dtype.itemsize)
            if parts[0] == "global":
                self.set(register, self.memory.load(addresses, dtype), lanes)
                continue
            if not self.is_shared_written[addresses].all():
                raise PtxError("a read of shared memory that nobody wrote")
            self.set(register, self.shared.view(dtype)[addresses // dtype.itemsize], lanes)

    def _store(self, parts: list[str], operands: list[str], lanes: NDArray[np.int64]) -> None:
        dtype = _type(parts[-1])
        for i, operand in enumerate(re.findall(r"[%\w]+", operands[1])):
            addresses = self.address(operands[0], lanes) + np.uint64(i * dtype.itemsize)
            values = self.value(operand, parts[-1], lanes)
            if parts[0] == "global":
                self.memory.store(addresses, values)
                continue
            if parts[0] != "shared":
                raise PtxError("a store elsewhere than in global or shared memory")
            self.shared.view(dtype)[addresses // dtype.itemsize] = values
            for byte in range(dtype.itemsize):
                self.is_shared_written[addresses + np.uint64(byte)] = True

    def _atomic(self, parts: list[str], operands: list[str], lanes: NDArray[np.int64]) -> None:
        place, operation, kind = parts
        addresses, values = self.address(operands[1], lanes), self.value(operands[2], kind, lanes)
        if place == "global" and operation in _ATOMIC:
            before = self.memory.combine(operation, addresses, values)
            if operands[0] != "_":
                self.set(operands[0], before, lanes)
            return
        if place != "shared" or operation not in _ATOMIC:
            raise PtxError("an atomic operation that is not known")
        if not self.is_shared_written[addresses].all():
            raise PtxError("an atomic operation on shared memory that nobody wrote")
        target = self.shared.view(values.dtype)
        _ATOMIC[operation].at(target, addresses // values.itemsize, values)

    def _branch(self, parts: list[str], operands: list[str], lanes: NDArray[np.int64]) -> None:
        self.place[lanes] = self.kernel.labels[operands[0]]

    def _end(self, parts: list[str], operands: list[str], lanes: NDArray[np.int64]) -> None:
        self.place[lanes] = len(self.kernel.code)

    def _barrier(self, parts: list[str], operands: list[str], lanes: NDArray[np.int64]) -> None:
        self.waits[lanes] = True

    def _multiply(self, parts: list[str], operands: list[str], lanes: NDArray[np.int64]) -> None:
        """Tensor cores: whole warps, operands as in the tables of the PTX manual."""
        shape = next(part for part in parts if part.startswith("m") and "n" in part)
        if len(lanes) % WARP or (lanes.reshape(-1, WARP) % WARP != np.arange(WARP)).any():
            raise PtxError("a warp multiplies without some of its threads")
        n_rows, n_samples = (16, 32) if shape == "m16n8k32" else (8, 16)
        result, codes, digits = (re.findall(r"%\w+", operand) for operand in operands[:3])
        if operands[3] != operands[0]:
            raise PtxError("a multiplication that does not add to its own result")
        bytes_of_a = self._bytes(codes, lanes)
        bytes_of_b = self._bytes(digits, lanes).astype(np.uint8).view(np.int8).astype(np.int64)
        row, sample = np.indices((n_rows, n_samples))
        a = bytes_of_a[
            :, row // 8 + 2 * (sample // 16), 4 * (row % 8) + sample % 16 // 4, sample % 4
        ]
        sample, column = np.indices((n_samples, 8))
        b = bytes_of_b[:, sample // 16, 4 * column + sample % 16 // 4, sample % 4]
        c = np.einsum("wrs,wsc->wrc", a, b)
        for i, register in enumerate(result):
            lane = lanes % WARP
            added = c[
                np.arange(len(lanes)) // WARP, lane // 4 + 8 * (i // 2), 2 * (lane % 4) + i % 2
            ]
            self.set(register, (self.row(register)[lanes].astype(np.int64) + added), lanes)

    def _bytes(self, registers: list[str], lanes: NDArray[np.int64]) -> NDArray[np.int64]:
        """(warps, registers, threads, bytes)."""
        words = np.stack([self.row(register)[lanes] for register in registers])
        split = words.view(np.uint8).reshape(len(registers), -1, WARP, 4)
        return split.transpose(1, 0, 2, 3).astype(np.int64)

    moves: ClassVar[dict[str, Callable[..., None]]] = {
        "ld": _load, "st": _store, "atom": _atomic, "bra": _branch, "ret": _end, "bar": _barrier,
        "mma": _multiply,
    }  # fmt: skip


def launch(
    kernel: Kernel, memory: Memory, arguments: bytes, n_threads: int, grid: tuple[int, int, int]
) -> float:
    """Run every block; the share of the instructions that was executed.

    Raises
    ------
    PtxError
        If the program does what it may not.
    """
    is_covered = np.zeros(len(kernel.code), np.bool_)
    with np.errstate(all="ignore"):
        for index in np.ndindex(*grid):
            block = Block(kernel, memory, arguments, n_threads, index, grid)
            block.run()
            is_covered |= block.is_covered
    return float(is_covered.mean())
