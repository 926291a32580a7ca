"""The Python half of snipcheck.

`main` runs in the fork server: it warms the interpreter up and calls `native.serve`, which returns
only in a forked child, with one job. The child then runs that job as a script would run, tells
`native` what happened, and leaves. Nothing of this module is in `sys.modules` by then.
"""

import _ast
import atexit
import builtins
import gc
import io
import linecache
import os
import sys
import traceback
import warnings

# A copy for the functions of this file: what a snippet replaces in `builtins` is its own affair.
__builtins__ = dict(vars(builtins))

# Without these words no statement of a script decides how another one compiles.
BEYOND_STATEMENTS = ("global", "__future__", "await", "async")
ONLY_AST = 0x400  # PyCF_ONLY_AST
TOP_LEVEL_AWAIT = 0x2000  # PyCF_ALLOW_TOP_LEVEL_AWAIT
COROUTINE = 0x80  # CO_COROUTINE
FUTURES = 0x1FE0000  # every CO_FUTURE_* bit of CPython 3.9 to 3.14
PADDED_LINES = 2000  # above this, shifting the tree is cheaper than parsing blank lines
TEXT_LIMIT = 64 * 1024
HOOK = "<snipcheck>"
OWN_FILE = "<snipcheck>"


def main(native):
    sys.modules.pop("_snipcheck", None)
    for name in ("PYTHONHASHSEED", "LD_LIBRARY_PATH"):
        os.environ.pop(name, None)
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    rehearse()
    # Whatever exists before the fork costs a child nothing but the pages it writes to.
    module = stage(native)
    gc.collect()
    native.fill_holes()
    gc.freeze()
    job = native.serve([path for path in sys.path if path], sys.prefix, sys.base_prefix)
    Run(native, module, *job).run()


def rehearse():
    """Runs a snippet in the fork server, for all that the interpreter does only once."""
    path, argv = list(sys.path), list(sys.argv)
    code = "x = 1\nprint(x)\n"
    chunks = [(1, "x = 1\n"), (2, "print(x)\n")]
    script = ("script", [(1, code)])
    native = Rehearsal()
    for _ in range(3):
        run = Run(native, stage(native), OWN_FILE, "", "", script, chunks, [], 0, [], [], [])
        run.prepare()
        run.run_main(*script)
    linecache.clearcache()
    sys.path[:], sys.argv[:] = path, argv


class Rehearsal:
    """Stands in for the native module before there is anyone to tell."""

    def reached(self, line):
        pass

    def is_own(self, fd):
        return True


def stage(native):
    """Puts a script's module and streams in place; returns the module."""
    module = type(sys)("__main__")
    module.__builtins__ = builtins
    module.__annotations__ = {}
    sys.modules["__main__"] = module
    sys.stdin = sys.__stdin__ = open(0, "r", encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = marked_stream(native, 1, "<stdout>", "strict")
    sys.stderr = sys.__stderr__ = marked_stream(native, 2, "<stderr>", "backslashreplace")
    return module


def feed(text):
    """Puts `text` on standard input, all of it in a pipe: the plan lets no more through than fits."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.write(writer, text.encode())
    os.dup2(reader, 0)
    for used in (reader, writer):
        os.close(used)
    sys.stdin = sys.__stdin__ = open(0, "r", encoding="utf-8", closefd=False)


def marked_stream(native, fd, name, errors):
    # A file object remembers whether its descriptor can seek, and the snippet's will be a pipe.
    reader, writer = os.pipe()
    saved = os.dup(fd)
    os.dup2(writer, fd)
    buffer = io.open(fd, "wb", closefd=False)
    buffer.raw.name = name
    stream = TextIOWrapper(buffer, "utf-8", errors, "\n", line_buffering=True)
    stream.mode = "w"
    stream.marker = Marker(native, fd)
    os.dup2(saved, fd)
    for used in (reader, writer, saved):
        os.close(used)
    return stream


class Run:
    """One job in one child."""

    def __init__(
        self, native, module, document, nonce, file, script, chunks, context, judged, supplied, watches, inputs
    ):
        self.native = native
        self.module = module
        self.document = document
        self.file = file
        self.script = script
        self.chunks = chunks
        self.context = context
        self.judged = judged
        self.supplied = supplied
        self.inputs = inputs
        self.watches = {}
        for watch in watches:
            self.watches.setdefault(watch[0], Watch(*watch)).join(Watch(*watch))
        self.nonce = nonce
        self.loop = None
        self.futures = 0
        self.is_async = False
        self.constants = {}
        self.statements_left = 0
        self.globals = module.__dict__
        self.globals["__doc__"] = None

    def run(self):
        self.prepare()
        status = 0
        try:
            for line in self.supplied:
                exec(line, self.globals)
            if self.run_context():
                self.mark("s", 0)
                if self.inputs:
                    feed(self.inputs[-1])
                self.run_main(*self.script)
            self.finish()
            self.native.end("finished", self.nonce, 0, False, None)
        except Ended as ended:
            status = self.leave(ended)
        except BaseException as error:
            # Only the steps of `finish` get here: threads, exit handlers, finalizers.
            status = self.leave(Ended(error))
        self.native.quit(status)

    def leave(self, ended):
        """Ends the run for an exception and returns the exit status."""
        error = ended.error
        if ended.context_line is not None:
            self.native.context_failed(ended.context_line, self.describe(error))
            self.native.end("finished", self.nonce, 0, False, None)
            return 0
        if isinstance(error, MemoryError):
            self.native.relax_memory()
        if isinstance(error, SystemExit):
            status = exit_status(error)
            if not isinstance(error.code, int) and error.code is not None:
                self.complain(error.code)
            is_early = self.statements_left > 0
            self.finish_quietly()
            self.native.end("exited", self.nonce, status, is_early, None)
            return status
        self.mark("s", 0)
        self.show(error)
        described = self.describe(error)
        kind = "raised"
        if isinstance(error, MemoryError) and not getattr(error, "snipcheck_compile", False):
            kind = "memory-limit"
        elif is_process_limit(error):
            kind = "process-limit"
        self.finish_quietly()
        self.native.end(kind, self.nonce, 1, True, described)
        return 1

    def complain(self, message):
        try:
            print(message, file=sys.stderr)
        except BaseException:
            pass

    def prepare(self):
        """Makes the process look like one that runs a script."""
        self.module.__file__ = self.file
        sys.path.insert(0, os.path.dirname(self.file))
        sys.argv[:] = [self.file]
        if hasattr(sys, "orig_argv"):
            sys.orig_argv[:] = [sys.executable, self.file]
        for stream in (sys.stdout, sys.stderr):
            stream.marker.begin(self.nonce, self.document)
        if self.can_see_file():
            try:
                with open(self.file, "w", encoding="utf-8", newline="\n") as file:
                    file.write(self.source_text())
            except OSError:
                pass
        linecache.cache[self.document] = (self.source_text,)
        setattr(builtins, HOOK, self.hook)

    def can_see_file(self):
        """Whether the code could look for its own file: without these words it has no way to."""
        return self.mentions("import", "__file__", "__builtins__", "open", "exec", "eval")

    def mentions(self, *words):
        pieces = [source for _, sources in self.context for source in sources]
        pieces += self.script[1]
        return any(word in code for _, code in pieces for word in words)

    def source_text(self):
        """The snippet and its context, every line at its place in the document."""
        pieces = [source for _, sources in self.context for source in sources]
        pieces += self.script[1]
        text, at = [], 1
        for line, code in sorted(pieces):
            text.append("\n" * (line - at))
            text.append(code)
            at = line + code.count("\n")
        return "".join(text)

    def mark(self, kind, line):
        for stream in (sys.__stdout__, sys.__stderr__):
            try:
                stream.flush()
                stream.marker.statement(kind, line)
            except (OSError, ValueError, AttributeError):
                pass

    # Running ------------------------------------------------------------------------------------

    def run_context(self):
        if not self.context:
            return True
        first_judged = len(self.context) - self.judged
        for at, (kind, sources) in enumerate(self.context):
            is_context = at < first_judged
            self.mark("c" if is_context else "s", sources[0][0] if sources and is_context else 0)
            if self.inputs:
                feed(self.inputs[at])
            try:
                self.run_piece(kind, sources, is_context)
            except Ended as ended:
                raise Ended(ended.error, context_line=sources[0][0]) from None
            # A docstring is the block's own.
            self.globals["__doc__"] = None
        return True

    def run_main(self, kind, sources):
        if self.chunks and sources[0][0] <= PADDED_LINES:
            self.run_chunks(*sources[0])
        else:
            self.run_piece(kind, sources)

    def run_chunks(self, line, code):
        """The same as `run_script`, for a script whose top-level statements are known as text."""
        try:
            futures = 0
            if len(self.chunks) > 1 and any(word in code for word in BEYOND_STATEMENTS):
                futures = self.check(padding(line) + code)
            compiled = [self.compile_chunk(*chunk, futures) for chunk in self.chunks]
        except COMPILE_ERRORS:
            # The tree tells where and why, and is the judge where the two grammars disagree.
            self.run_script([(line, code)], False)
            return
        for done, (line, text) in enumerate(self.chunks):
            self.statements_left = len(self.chunks) - done - 1
            if compiled[done] is None:
                self.run_script([(line, text)], False, futures, self.statements_left)
                continue
            self.begin(line, False)
            doc = self.globals["__doc__"]
            watch = self.watches.get(line)
            self.end_unless_announced(self.attempt(self.perform, watch, *compiled[done]))
            if done and text[0] not in IDENTIFIER_START:
                # A string in the middle is no docstring.
                self.globals["__doc__"] = doc

    def compile_chunk(self, line, text, futures):
        """The code and whether it is a watched expression; `None` where it takes the tree to tell.

        It does where some claim wants to see into the statement.
        """
        last = line + text.rstrip("\n").count("\n")
        if any(below in self.watches for below in range(line + 1, last + 1)):
            return None
        watch = self.watches.get(line)
        if watch is not None and (";" in text or text.startswith(COMPOUND)):
            return None
        is_value = watch is not None and watch.wants_value
        mode = "eval" if is_value else "exec"
        return self.compile(padding(line) + text, mode, futures), is_value

    def run_piece(self, kind, sources, is_context=False):
        run = self.run_session if kind == "session" else self.run_script
        run(sources, is_context)

    def run_script(self, sources, is_context, futures=0, left=0):
        for line, code in sources:
            try:
                tree = self.parse(line, code)
                futures |= self.check(tree)
            except COMPILE_ERRORS as error:
                error.snipcheck_compile = True
                raise Ended(error) from None
            body = tree.body
            if body and is_text(body[0]) and not is_context:
                self.globals["__doc__"] = body[0].value.value
            self.instrument(tree)
            for done, statement in enumerate(body):
                self.statements_left = left + len(body) - done - 1
                self.run_statement(statement, futures, is_context)

    def run_session(self, sources, is_context):
        self.futures = 0
        self.is_async = any("await " in code for _, code in sources) and self.leaves_loop_alone()
        for done, (line, code) in enumerate(sources):
            self.statements_left = len(sources) - done - 1
            self.begin(line, is_context)
            error = self.attempt(self.enter, line, code)
            if isinstance(error, SystemExit):
                raise Ended(error)
            if error is not None:
                if not is_context:
                    self.native.raised(line, self.describe(error))
                self.show(error)

    def enter(self, line, code):
        """Enters one example as at the prompt."""
        tree = self.parse(line, code)
        self.futures |= self.check(tree)
        for statement in tree.body:
            self.execute(_ast.Interactive(body=[statement]), "single", self.futures)

    def run_statement(self, statement, futures, is_context):
        line = first_line(statement)
        self.begin(line, is_context)
        watch = None if is_context else self.watches.get(line)
        self.end_unless_announced(self.attempt(self.perform_tree, statement, watch, futures))

    def perform_tree(self, statement, watch, futures):
        is_value = bool(watch and watch.wants_value and isinstance(statement, _ast.Expr))
        if is_value:
            code = self.compile(_ast.Expression(body=statement.value), "eval", futures)
        else:
            module = _ast.Module(body=[statement], type_ignores=[])
            code = self.compile(module, "exec", futures)
        self.perform(watch, code, is_value)

    def perform(self, watch, code, is_value):
        """Runs a statement and computes what claims want to see of it."""
        value = self.evaluate(code)
        if is_value:
            self.computed(watch.line, False, value)
        if watch and watch.subject:
            self.compute_subject(watch.line, watch.subject)

    def attempt(self, act, *args):
        """Runs code of the snippet and returns what it raised, or `None`.

        Short on purpose: from CPython 3.11 on, an exception handler in a long function needs memory
        for the number of its instruction, and tries for ever where there is none left.
        """
        try:
            act(*args)
        except BaseException as error:
            if isinstance(error, MemoryError):
                self.native.relax_memory()
            return error
        return None

    def end_unless_announced(self, error):
        if error is not None and not self.announced(error):
            raise Ended(error)

    def begin(self, line, is_context):
        if not is_context:
            self.native.reached(line)
            self.mark("s", line)

    def execute(self, module, mode, futures):
        return self.evaluate(self.compile(module, mode, futures))

    def compile(self, module, mode, futures):
        flags = futures | TOP_LEVEL_AWAIT
        return self.share(compile(module, self.document, mode, flags, True, 0))

    def evaluate(self, code):
        if code.co_flags & COROUTINE:
            return self.event_loop().run_until_complete(eval(code, self.globals))
        if not self.is_async:
            return eval(code, self.globals)
        # Between two awaits the loop counts as running, as it does where top-level `await` comes
        # from (notebooks, `python -m asyncio`): `asyncio.create_task` must work here.
        set_running = self.event_loop_module()._set_running_loop
        set_running(self.event_loop())
        try:
            return eval(code, self.globals)
        finally:
            set_running(None)

    def event_loop(self):
        if self.loop is None:
            import asyncio

            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop

    def event_loop_module(self):
        import asyncio.events

        return asyncio.events

    def leaves_loop_alone(self):
        """Whether the snippet never runs a loop itself, which it could not beside a running one."""
        return not self.mentions("run(", "Runner(", "run_until_complete", "run_forever")

    def announced(self, error):
        """Records the exception at every watched statement it passed; whether one expected it."""
        lines = self.lines_of(error)
        is_expected = False
        described = None
        for watch in self.watches.values():
            if watch.expects_exception and any(watch.line <= n <= watch.last for n in lines):
                if described is None:
                    described = self.describe(error)
                if watch.line not in getattr(error, "snipcheck_seen", ()):
                    self.native.raised(watch.line, described)
                is_expected = is_expected or watch.announces(error)
        return is_expected

    # Compiling ----------------------------------------------------------------------------------

    def parse(self, line, code):
        """Parses with the document's line numbers, in syntax errors too."""
        flags = ONLY_AST | TOP_LEVEL_AWAIT
        shift = line - 1
        if shift <= PADDED_LINES:
            return compile(padding(line) + code, self.document, "exec", flags, True)
        try:
            tree = compile(code, self.document, "exec", flags, True)
        except SyntaxError as error:
            shift_error(error, shift)
            raise
        shift_tree(tree, shift)
        return tree

    def check(self, tree):
        """Compiles the whole piece, so that it fails before anything of it ran, as a script does."""
        with warnings.catch_warnings(record=True):
            # Compiling each statement warns again, in its turn.
            code = compile(tree, self.document, "exec", TOP_LEVEL_AWAIT, True, 0)
        if code.co_flags & COROUTINE:
            self.is_async = self.leaves_loop_alone()
        return code.co_flags & FUTURES

    def share(self, code):
        """Makes equal constants of separately compiled statements one object.

        Within one script they are one (`a = 257; b = 257; a is b` is true), because the compiler
        merges the constants of a module.
        """
        consts = tuple(self.shared(const) for const in code.co_consts)
        if all(new is old for new, old in zip(consts, code.co_consts)):
            return code
        return code.replace(co_consts=consts)

    def shared(self, const):
        if isinstance(const, CODE):
            return self.share(const)
        return self.constants.setdefault(constant_key(const), const)

    # Watching -----------------------------------------------------------------------------------

    def instrument(self, tree):
        """Lets watched statements below the top level report; the others stay as they are."""
        if self.watches:
            for statement in tree.body:
                self.instrument_bodies(statement)

    def instrument_bodies(self, node):
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list) and value:
                if isinstance(value[0], _ast.stmt):
                    for statement in value:
                        self.instrument_bodies(statement)
                    value[:] = [new for old in value for new in self.instrumented(old)]
                else:
                    for item in value:
                        if isinstance(item, _ast.AST) and hasattr(item, "body"):
                            self.instrument_bodies(item)

    def instrumented(self, statement):
        line = first_line(statement)
        watch = self.watches.get(line)
        if watch is None or watch.last < statement.lineno:
            return [statement]
        if watch.wants_value and isinstance(statement, _ast.Expr):
            statement.value = hook_call(statement, "value", line, statement.value)
        result = [statement]
        if watch.subject and not isinstance(statement, (_ast.Return, _ast.Raise)):
            try:
                subject = compile(watch.subject, self.document, "eval", ONLY_AST).body
            except SyntaxError:
                subject = None
            if subject is not None:
                relocate(subject, statement)
                call = hook_call(statement, "subject", line, subject)
                result.append(at(statement, _ast.Expr(value=call)))
        if watch.expects_exception:
            caught = at(statement, _ast.Expr(value=hook_call(statement, "raised", line, None)))
            again = at(statement, _ast.Raise(exc=None, cause=None))
            handler = at(statement, _ast.ExceptHandler(type=None, name=None, body=[caught, again]))
            guarded = _ast.Try(body=result, handlers=[handler], orelse=[], finalbody=[])
            result = [at(statement, guarded)]
        return result

    def hook(self, what, line, value=None):
        if what == "raised":
            error = sys.exc_info()[1]
            try:
                error.snipcheck_seen = getattr(error, "snipcheck_seen", ()) + (line,)
            except Exception:
                pass
            self.native.raised(line, self.describe(error))
            return None
        self.computed(line, what == "subject", value)
        return value

    def compute_subject(self, line, source):
        try:
            value = eval(compile(source, self.document, "eval", 0, True), self.globals)
        except Exception:
            return
        self.computed(line, True, value)

    def computed(self, line, is_subject, value):
        kind = type(value)
        try:
            shown = repr(value)
            text = None
            if kind not in PLAIN_TYPES:
                text = str(value)
                if text == shown:
                    text = None
        except Exception:
            return
        self.native.computed(line, is_subject, clip(shown), clip(text), clip(kind.__name__))

    # Telling ------------------------------------------------------------------------------------

    def lines_of(self, error):
        lines = []
        if getattr(error, "snipcheck_compile", False):
            return [getattr(error, "lineno", None) or 0]
        tb = error.__traceback__
        while tb is not None and len(lines) < 1000:
            if tb.tb_frame.f_code.co_filename == self.document:
                lines.append(tb.tb_lineno or 0)
            tb = tb.tb_next
        if isinstance(error, SyntaxError) and error.filename == self.document and not lines:
            lines.append(error.lineno or 0)
        return lines

    def describe(self, error):
        kind = type(error)
        name = kind.__qualname__
        if kind.__module__ not in ("builtins", "__main__"):
            name = str(kind.__module__) + "." + name
        bases = [base.__name__ for base in kind.__mro__ if base is not object]
        is_compile_error = bool(getattr(error, "snipcheck_compile", False))
        try:
            message = error.msg if isinstance(error, SyntaxError) else str(error)
        except Exception:
            message = "<exception str() failed>"
        if is_compile_error and not message:
            message = "too large or too deeply nested for the compiler"
        lines = [line for line in self.lines_of(error) if line > 0]
        name, missing = clip(name), clip(missing_name(error))
        bases = [clip(base) for base in bases]
        network = wants_network(error)
        if network:
            missing = clip(self.wanted_host(error))
        column = column_of(error) if is_compile_error else None
        told = (name, bases, clip(str(message)), lines, missing)
        return told + (column, is_compile_error, network)

    def wanted_host(self, error):
        """The host that the failing library function was asked for, by the names of its parameters."""
        for _ in range(20):
            tb = error.__traceback__
            while tb is not None:
                code = tb.tb_frame.f_code
                if code.co_filename not in (self.document, OWN_FILE):
                    for name in code.co_varnames[: code.co_argcount]:
                        host = tb.tb_frame.f_locals.get(name) if name in ("host", "address") else None
                        if type(host) is tuple and host:
                            host = host[0]
                        if type(host) is str and host:
                            return host
                tb = tb.tb_next
            error = error.__cause__ or error.__context__
            if error is None:
                return None
        return None

    def show(self, error):
        """Prints the traceback as the interpreter would, without the frames of this file."""
        tb = error.__traceback__
        while tb is not None and tb.tb_frame.f_code.co_filename == OWN_FILE:
            tb = tb.tb_next
        try:
            if sys.excepthook is not sys.__excepthook__:
                sys.excepthook(type(error), error, tb)
            else:
                traceback.print_exception(type(error), error, tb)
        except BaseException:
            pass

    # Leaving ------------------------------------------------------------------------------------

    def finish(self):
        """What the interpreter does between the last line and the end of the process."""
        self.statements_left = 0
        self.mark("s", 0)
        if self.loop is not None:
            self.close_loop()
        threading = sys.modules.get("threading")
        if threading is not None:
            threading._shutdown()
        try:
            atexit._run_exitfuncs()
        except BaseException:
            # CPython 3.9 raises again what it has printed; the interpreter goes on all the same.
            pass
        # A hook of the snippet would see its names go.
        sys.settrace(None)
        sys.setprofile(None)
        self.clear_module()
        self.flush()

    def finish_quietly(self):
        try:
            self.finish()
        except BaseException:
            self.flush()

    def close_loop(self):
        import asyncio

        loop = self.loop
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def clear_module(self):
        """Drops the module's names in the interpreter's order, so that finalizers run."""
        names = self.globals
        for is_private in (True, False):
            for name in list(names):
                if name.startswith("_") == is_private and name != "__builtins__":
                    names[name] = None
        gc.collect()

    def flush(self):
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            try:
                getattr(sys, name).flush()
            except BaseException:
                pass


class Watch:
    """What some claim wants to see of one statement."""

    def __init__(self, line, last, wants_value, subject, expects_exception, types):
        self.line = line
        self.last = last
        self.wants_value = wants_value
        self.subject = subject
        self.expects_exception = expects_exception
        self.types = types

    def join(self, other):
        """Takes over what `other`, which begins on the same line, wants to see."""
        self.last = max(self.last, other.last)
        self.wants_value = self.wants_value or other.wants_value
        self.subject = self.subject or other.subject
        if other.expects_exception:
            if not self.expects_exception:
                self.types = other.types
            elif self.types is not None:
                self.types = None if other.types is None else self.types + other.types
            self.expects_exception = True

    def announces(self, error):
        if self.types is None:
            return True
        return any(base.__name__ in self.types for base in type(error).__mro__)


class Ended(Exception):
    """An exception that ended the snippet; `context_line` is set where a context block raised it."""

    def __init__(self, error, context_line=None):
        self.error = error
        self.context_line = context_line


class Marker:
    """Tells the reader of a stream which line the bytes that follow come from.

    A mark travels in the stream itself, so it stands in the right place among what subprocesses
    and C code write.
    """

    def __init__(self, native, fd):
        self.native = native
        self.fd = fd
        self.head = ""
        self.document = ""
        self.line = None

    def begin(self, nonce, document):
        self.head = "\0\2" + nonce
        self.document = document

    def statement(self, kind, line):
        self.line = None
        if self.native.is_own(self.fd):
            os.write(self.fd, (self.head + kind + str(line) + "\3").encode())

    def before(self, frame):
        """The mark that must stand before text written from `frame`."""
        document = self.document
        while frame is not None and frame.f_code.co_filename != document:
            frame = frame.f_back
        line = frame.f_lineno or 0 if frame is not None else 0
        if line == self.line or not self.native.is_own(self.fd):
            return ""
        self.line = line
        return self.head + "l" + str(line) + "\3"


class TextIOWrapper(io.TextIOWrapper):
    """Standard output or error that marks what each line of the document writes."""

    def write(self, text):
        if type(text) is not str or not text:
            return super().write(text)
        mark = self.marker.before(sys._getframe(1))
        if not mark:
            count = super().write(text)
        else:
            count = super().write(mark + text) - len(mark)
        if text[-1] == "\n":
            # The next print is an emission of its own, even from the same line.
            self.marker.line = None
        return count


TextIOWrapper.__module__ = "_io"

UNREACHABLE = (101, 113)  # ENETUNREACH, EHOSTUNREACH
CODE = type(main.__code__)
COMPILE_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
# How statements begin that can have others in them; `format` is taken for one, which costs time only.
COMPOUND = ("if", "for", "while", "with", "try", "def", "class", "async", "match", "@")
IDENTIFIER_START = frozenset("acdghijklmnopqstvwxyzACDEGHIJKLMNOPQSTVWXYZ_@")
PLAIN_TYPES = frozenset(
    (int, float, bool, complex, type(None), list, tuple, dict, set, frozenset, bytes, bytearray, range)
)


def padding(line):
    """Blank lines that put what follows on its line of the document."""
    return "\n" * (line - 1)


def first_line(statement):
    """The line of a statement's first byte, decorators included."""
    decorators = getattr(statement, "decorator_list", None)
    if decorators:
        return min(statement.lineno, decorators[0].lineno)
    return statement.lineno


def is_text(statement):
    value = getattr(statement, "value", None)
    return isinstance(statement, _ast.Expr) and isinstance(getattr(value, "value", None), str)


def at(place, node):
    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        setattr(node, name, getattr(place, name))
    return node


def relocate(node, place):
    if "lineno" in node._attributes:
        at(place, node)
    for child in children(node):
        relocate(child, place)


def children(node):
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, _ast.AST):
            yield value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, _ast.AST):
                    yield item


def hook_call(place, what, line, value):
    name = at(place, _ast.Name(id=HOOK, ctx=_ast.Load()))
    args = [at(place, _ast.Constant(value=what)), at(place, _ast.Constant(value=line))]
    if value is not None:
        args.append(value)
    return at(place, _ast.Call(func=name, args=args, keywords=[]))


def shift_tree(tree, shift):
    stack = [tree]
    while stack:
        node = stack.pop()
        if "lineno" in node._attributes:
            node.lineno += shift
            if node.end_lineno is not None:
                node.end_lineno += shift
        stack.extend(children(node))


def shift_error(error, shift):
    if error.lineno is not None:
        error.lineno += shift
    if getattr(error, "end_lineno", None) is not None:
        error.end_lineno += shift


def constant_key(const):
    """Equal keys for constants that the compiler would merge (1 and 1.0 and True differ)."""
    kind = type(const)
    if kind is tuple:
        return (kind, tuple([constant_key(item) for item in const]))
    if kind is frozenset:
        return (kind, frozenset([constant_key(item) for item in const]))
    if kind in (float, complex):
        return (kind, repr(const))
    try:
        hash(const)
    except TypeError:
        return (kind, id(const))
    return (kind, const)


def clip(text):
    """The text, no longer than the report bears."""
    if text is None:
        return None
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "..."
    return transferable(text)


def transferable(text):
    """The text with surrogates written as escapes: Rust has no strings with them."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def exit_status(error):
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    return 1


def is_process_limit(error):
    if isinstance(error, BlockingIOError):
        return error.errno == 11
    return type(error) is RuntimeError and str(error) == "can't start new thread"


def wants_network(error):
    """Whether the refusal of a connection or of a name look-up is among what led to `error`."""
    for _ in range(20):
        if isinstance(error, OSError):
            if type(error).__name__ in ("gaierror", "herror") or error.errno in UNREACHABLE:
                return True
            if error.errno == 13 and error.filename is None:
                # Files have names; without one it is a connection that the sandbox refuses.
                return True
        error = error.__cause__ or error.__context__
        if error is None:
            return False
    return False


def column_of(error):
    """Where in its line a `SyntaxError` is; `None` where nobody said."""
    column = getattr(error, "offset", None)
    return column if isinstance(column, int) and 0 < column < 10_000_000 else None


def missing_name(error):
    if isinstance(error, FileNotFoundError):
        return error.filename if type(error.filename) is str else None
    if isinstance(error, (NameError, ImportError)):
        name = getattr(error, "name", None)
        if name is None and isinstance(error, NameError):
            parts = str(error).split("'")
            name = parts[1] if len(parts) > 2 else None
        return name if isinstance(name, str) else None
    return None
