"""The search: a visited set and the kernels that fill it, knowing nothing of specs but what the native ABI says.

`explore.explore` drives; `kernel` is what runs in threads, `compiled` makes and caches its machine code, `store` is the visited set.
"""
