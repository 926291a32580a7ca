"""Warms the interpreter up; runs in the fork server while `agent.py` is being compiled."""

import atexit
import gc
import os
import sys

# Modules that study material imports all the time. None has submodules that a plain import would
# not bring: a forked snippet must not see an attribute that its own imports did not give it. And
# none has work to do after a fork, as `threading` and `random` have: every child would pay for it.
WARM = (
    "collections", "contextlib", "copy", "dataclasses", "datetime", "enum", "functools", "heapq",
    "inspect", "itertools", "json", "math", "operator", "re", "string", "time", "types", "typing",
    "weakref",
)


def forget_site():
    """Undoes what start-up files (`.pth`) imported, where that is work for every child.

    `threading`, `random`, `logging` and a few others have the interpreter call them after each fork.
    A snippet that wants one of them imports it anew, with all that went with it. Start-up files that
    change the interpreter on purpose (`sitecustomize`) are left alone.
    """
    if "sitecustomize" in sys.modules or "usercustomize" in sys.modules:
        return
    hooked = False
    for moment in ("before", "after_in_parent", "after_in_child"):
        mark = lambda: None
        os.register_at_fork(**{moment: mark})
        for hooks in gc.get_referrers(mark):
            if type(hooks) is list:
                hooked = hooked or len(hooks) > 1
                hooks.clear()
    if not hooked:
        return
    names = list(sys.modules)
    for name in names[names.index("os") + 1 :]:
        module = sys.modules[name]
        if name not in ("site", "_sitebuiltins") and getattr(module, "__spec__", None):
            del sys.modules[name]
    atexit._clear()


forget_site()
for name in WARM:
    __import__(name)
