"""The native execution: a spec's IR as machine code, by LLVM.

`compile_spec` gives the functions that the engine calls for initial states and for every state (see module.py). Compiled code is kept in a
cache on disk, keyed by the generated text, the versions of everything involved, and the CPU.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import llvmlite
import numpy as np
import numpy.typing as npt
from llvmlite import binding as llvm

from kubecheck.checker.errors import InternalError
from kubecheck.checker.native import module
from kubecheck.checker.native import steps as single_steps
from kubecheck.checker.native.emit import TOO_WIDE
from kubecheck.checker.native.generate import Generator
from kubecheck.checker.native.module import instances
from kubecheck.spec import Position, Property, Spec, SpecError, ir, reference
from kubecheck.spec.effects import only_true
from kubecheck.spec.errors import too_wide
from kubecheck.spec.frontend import program
from kubecheck.spec.layout import pack, unpack, words

MAX_PROPERTIES = 63
MAX_INSTANCES = 1 << 20
MAX_STARTS = 1 << 48

_ROOM = 4096  # initial states that are asked for at a time

Words = npt.NDArray[np.uint64]


class Store(Protocol):
    """Where compiled code is kept between runs."""

    def get(self, key: str) -> bytes | None:
        """The entry, or None."""

    def put(self, key: str, payload: bytes) -> None:
        """Keeps an entry."""


@dataclass(frozen=True, eq=False)
class NativeSpec:
    """A compiled spec. `successors` and `judge` are addresses; they stay valid as long as this object lives.

    `words` is the size of a packed state in 64-bit words; `max_successors` the number of action instances; `starts` the number of
    instances of `initial` functions (1, the defaults, without any). `wide` is where a number may need more than 64 bits:
    then a function ends with an error. `idle` are the properties that no state can violate.
    `still_constant` raises SpecError if what was read from Python as a constant is another by now.
    """

    spec: Spec
    words: int
    bits: int
    max_successors: int
    n_actions: int
    n_properties: int
    successors: int
    judge: int
    starts: int
    wide: list[Position]
    idle: list[Property]
    still_constant: Callable[[], None]
    keepalive: Any

    def start(self, out: Words, begin: int, end: int) -> tuple[int, int]:
        """Takes the instances begin <= i < end of the initial functions, as far as there is room for their states in the rows of `out`.

        How many states that were, and the first instance that was not taken. Raises SpecError where a value leaves its type.
        """
        span, info = np.array([begin, end], np.int64), np.zeros(4, np.int64)
        found = self._initial(self._defaults.ctypes.data, out.ctypes.data, span.ctypes.data, len(out), info.ctypes.data)
        if found >= 0:
            return found, int(span[0])
        reference.initial_state(self.spec, int(span[0]))  # raises what the user sees
        if info[2] >= TOO_WIDE:
            raise too_wide(self.wide[int(info[2]) - TOO_WIDE])
        raise InternalError(
            self.spec.name,
            "the native execution met an error in an initial state where the reference execution meets none",
            evidence=[f"instance {int(span[0])} of the initial functions"],
        )

    @cached_property
    def initial(self) -> list[tuple[int, ...]]:
        """The packed initial states in order, duplicates included. Raises SpecError where a value leaves its type."""
        return [tuple(row) for rows, _ in self._starts() for row in rows.tolist()]

    def start_of(self, packed: tuple[int, ...]) -> int | None:
        """The first instance of the initial functions that gives this state; None if none does."""
        wanted = np.array(packed, np.uint64)
        for rows, begin in self._starts():
            places = np.flatnonzero((rows == wanted).all(axis=1))
            if len(places):  # once more, with room up to the state
                return self.start(np.empty((int(places[0]) + 1, self.words), np.uint64), begin, self.starts)[1] - 1
        return None

    def _starts(self) -> Iterator[tuple[Words, int]]:
        """All initial states, some at a time, each time with the first instance that was taken for them."""
        out, begin = np.empty((_ROOM, self.words), np.uint64), 0
        while begin < self.starts:
            found, following = self.start(out, begin, self.starts)
            yield out[:found], begin
            begin = following

    @cached_property
    def _initial(self) -> Any:
        integer, pointer = ctypes.c_int64, ctypes.c_void_p
        address = self.keepalive.get_function_address("initial")
        return ctypes.CFUNCTYPE(integer, pointer, pointer, pointer, integer, pointer)(address)

    @cached_property
    def _defaults(self) -> Words:
        return np.array(pack(self.spec.root, self.spec.root.default), np.uint64)

    def pack(self, state: reference.Snapshot) -> tuple[int, ...]:
        """A state as 64-bit words."""
        return pack(self.spec.root, state)

    def unpack(self, packed: tuple[int, ...]) -> reference.Snapshot:
        """The inverse of `pack`."""
        state: reference.Snapshot = unpack(self.spec.root, packed)
        return state


def compile_spec(spec: Spec, *, cache: Store | None = None) -> NativeSpec:
    """Compiles a spec to machine code. Raises SpecError for what the language does not accept."""
    compiled = program(spec)
    if len(spec.properties) > MAX_PROPERTIES:
        raise SpecError(
            "KC130",
            f"{spec.name} has {len(spec.properties)} properties",
            position=spec.position,
            remedy=f"at most {MAX_PROPERTIES} at a time",
        )
    starts = sum(instances(e) for e in compiled.initials) if compiled.initials else 1
    steps = sum(instances(e) for e in compiled.actions)
    for number, most, what in ((steps, MAX_INSTANCES, "action"), (starts, MAX_STARTS, "initial")):
        if number > most:
            raise SpecError(
                "KC131",
                f"{spec.name} has {number:,} {what} instances",
                position=spec.position,
                remedy=f"at most {most:,}: a smaller scope",
            )
    try:
        generator = _generated(compiled)
        text = str(generator.module)
    except RecursionError:
        message = f"{spec.name}: an expression is nested too deeply"
        raise SpecError("KC014", message, position=spec.position, remedy="name its parts") from None
    engine = _machine_code(text, cache)
    return NativeSpec(
        spec=spec,
        words=words(spec.root),
        bits=spec.root.bits,
        max_successors=max(1, steps),
        n_actions=len(spec.actions),
        n_properties=len(spec.properties),
        successors=engine.get_function_address("successors"),
        judge=engine.get_function_address("judge"),
        starts=starts,
        wide=generator.wide,
        idle=[p for e, p in zip(compiled.properties, spec.properties, strict=True) if only_true(e.function)],
        still_constant=compiled.still_constant,
        keepalive=engine,
    )


@dataclass(frozen=True, eq=False)
class NativeSteps:
    """A compiled spec's `steps` (see steps.py): its address, valid as long as this object lives."""

    spec: Spec
    words: int
    max_successors: int
    steps: int
    keepalive: Any


def compile_steps(spec: Spec, *, cache: Store | None = None) -> NativeSteps:
    """Compiles what tells the steps of one state apart. Takes a spec that `compile_spec` accepts; raises SpecError as it does."""
    compiled = program(spec)
    generator = Generator(compiled)
    single_steps.steps(generator, compiled)
    engine = _machine_code(str(generator.module), cache)
    return NativeSteps(
        spec=spec,
        words=words(spec.root),
        max_successors=max(1, sum(instances(e) for e in compiled.actions)),
        steps=engine.get_function_address("steps"),
        keepalive=engine,
    )


def llvm_text(spec: Spec, action: str | None = None) -> str:
    """The generated code as LLVM writes it, before optimisation; of one action and what it calls if it is named.

    Raises KeyError for an unknown name.
    """
    compiled = program(spec)
    if action is None:
        return str(_generated(compiled).module)
    entry = compiled.action(spec.find_action(action))
    generator = Generator(compiled)
    generator.function(entry.function)
    return str(generator.module)


def same_code(one: Spec, other: Spec) -> bool:
    """Whether a check of both would do the same: they have the same generated code, properties and defaults."""
    return llvm_text(one) == llvm_text(other) and _beside_code(one) == _beside_code(other)


def _beside_code(spec: Spec) -> tuple[Any, ...]:
    names = [(p.name, p.kind) for p in spec.properties], [(a.name, a.kind) for a in spec.actions]
    return (*names, pack(spec.root, spec.root.default))


def _machine_code(text: str, cache: Store | None) -> Any:
    """The code for a module's text, from the cache if it is there, ready to be called."""
    machine = _target_machine()
    key = _key(text, machine)
    code = None if cache is None else cache.get(key)
    if code is None:
        code = _object_code(text, machine)
        if cache is not None:
            cache.put(key, code)
    return _link(code, machine)


def _generated(compiled: ir.Program) -> Generator:
    generator = Generator(compiled)
    module.initial(generator, compiled)
    module.successors(generator, compiled)
    module.judge(generator, compiled)
    return generator


def _target_machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        opt=3, cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), jit=True
    )


def _key(text: str, machine: Any) -> str:
    parts = [llvmlite.__version__, str(llvm.llvm_version_info), machine.triple, llvm.get_host_cpu_name()]
    parts += [llvm.get_host_cpu_features().flatten(), text]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _object_code(text: str, machine: Any) -> bytes:
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    return bytes(machine.emit_object(parsed))


def _link(code: bytes, machine: Any) -> Any:
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine
