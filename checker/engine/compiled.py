"""The kernels as machine code: compiled by Numba the first time, later read from the cache without importing Numba.

Numba gives LLVM IR, LLVM turns it into an object file, and the object file is what is cached and what is run, also the first time.
Numba's own on-disk cache is not used: it unpickles what it finds, and importing Numba takes longer than a small check.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import platform
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final, TypeVar

import llvmlite.binding as llvm

from kubecheck.checker.cache import Cache

_SOURCES: Final = ("compiled.py", "fields.py", "hashing.py", "intrinsics.py")

Call = Callable[[int, int], int]


class _Mapped:
    """Functions of an object file. A call takes two addresses and releases the interpreter lock."""

    names: tuple[str, ...]
    module: str  # that has the function `kernels`

    def __init__(self, machine_code: bytes) -> None:
        """Map an object file. LLVM does not survive one that is damaged: only give it what was compiled or whose digest fits."""
        module = llvm.parse_assembly("")
        self._engine = llvm.create_mcjit_compiler(module, _target_machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(machine_code))
        self._engine.finalize_object()
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
        for name in self.names:
            setattr(self, name, prototype(self._engine.get_function_address(f"kubecheck_{name}")))


_Some = TypeVar("_Some", bound=_Mapped)


class Kernels(_Mapped):
    """The kernels of the search; they take a Shared and a Local record."""

    names = ("seed", "expand", "insert", "descend")
    module = "kernel"
    seed: Call
    expand: Call
    insert: Call
    descend: Call


class RestKernels(_Mapped):
    """The kernels that ask whether runs of component steps end; they take records of `rest_kernel`."""

    names = ("follow", "components")
    module = "rest_kernel"
    follow: Call
    components: Call


def load_kernels(words: int, *, cache: Cache | None = None, hash_mask: int = -1) -> Kernels:
    """The kernels for states of so many words. `hash_mask` is for tests: see `kernel.kernels`."""
    return _load(Kernels, words, hash_mask, cache)


def load_rest_kernels(words: int, *, cache: Cache | None = None, hash_mask: int = -1) -> RestKernels:
    """Those of `rest_kernel`, for a visited set that kernels with the same `hash_mask` have filled."""
    return _load(RestKernels, words, hash_mask, cache)


def _load(kind: type[_Some], words: int, hash_mask: int, cache: Cache | None) -> _Some:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    key = _key(kind, words, hash_mask)
    machine_code = cache.get(key) if cache is not None else None
    if machine_code is None:
        machine_code = _compile(kind, words, hash_mask)
        if cache is not None:
            cache.put(key, machine_code)
    return kind(machine_code)


def _key(kind: type[_Mapped], words: int, hash_mask: int) -> str:
    """Everything that the machine code depends on."""
    source = hashlib.sha256()
    for name in (*_SOURCES, f"{kind.module}.py"):
        source.update(files(__package__).joinpath(name).read_bytes())
    return "\n".join(
        (
            f"{kind.module} {words} {hash_mask} {source.hexdigest()}",
            f"{platform.python_version()} {version('numba')} {version('llvmlite')}",
            f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {_features()}",
        )
    )


def _features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


def _target_machine() -> Any:
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(), opt=3, codemodel="jitdefault", jit=True
    )


def _compile(kind: type[_Mapped], words: int, hash_mask: int) -> bytes:
    from numba.core import config

    settings = vars(config)
    # NUMBA_DISABLE_JIT is for whoever debugs functions of their own; the kernels are addresses and pointers, and no Python.
    disabled, settings["DISABLE_JIT"] = settings["DISABLE_JIT"], 0
    try:
        return _compiled(kind, words, hash_mask)
    finally:
        settings["DISABLE_JIT"] = disabled


def _compiled(kind: type[_Mapped], words: int, hash_mask: int) -> bytes:
    from numba import cfunc

    kernels = importlib.import_module(f"{__package__}.{kind.module}").kernels
    module = llvm.parse_assembly("")
    names = {}
    for name, function in kernels(words, hash_mask=hash_mask).items():
        compiled = cfunc("int64(int64, int64)")(function)
        part = llvm.parse_assembly(compiled.inspect_llvm())
        module.link_in(part)
        names[name] = compiled.native_name
    # Numba's wrappers hand exceptions to Python. The kernels raise none: that path traps, so that nothing of Python is needed.
    stubs = [
        f"define {_signature(function)} {{ call void @llvm.trap()\n unreachable }}"
        for function in module.functions
        if function.is_declaration and not function.name.startswith("llvm.") and not function.name.startswith("mem")
    ]
    for name, native in names.items():
        stubs.append(
            f"declare i64 @{_quoted(native)}(i64, i64)\n"
            f"define i64 @kubecheck_{name}(i64 %shared, i64 %local) {{\n"
            f" %result = call i64 @{_quoted(native)}(i64 %shared, i64 %local)\n ret i64 %result }}"
        )
    module.link_in(llvm.parse_assembly("declare void @llvm.trap()\n" + "\n".join(stubs)))
    module.verify()
    return bytes(_target_machine().emit_object(module))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _signature(function: Any) -> str:
    """`type @name(types)` of a declared function, as LLVM IR."""
    arguments = ", ".join(str(argument.type) for argument in function.arguments)
    result = str(function.global_value_type).split(" (")[0]
    return f"{result} @{_quoted(function.name)}({arguments})"
