"""A radiometer that somebody built, told by one file."""

import ctypes
import datetime as dt
import os
import signal
from dataclasses import dataclass

from epncore.model.errors import HeaderError
from epncore.model.row import Missing
from epncore.model.units import jd_utc
from grammars.protocol import GrammarOptions, Step, constant, fact


@dataclass(frozen=True)
class Facts:
    start: float
    end: float


class Options(GrammarOptions):
    target: str = "Jupiter"


class Radiometer:
    name, version, format, generic, options, columns = "radiometer", 1, "fits", False, Options, ()

    def recognises(self, header):
        return header.get("INSTRUME") == "RADIOMETER"

    def examine(self, header, options):
        what = header.get("FAULT")
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "crash":
            ctypes.string_at(0)
        if what == "exit":
            os._exit(7)
        if what == "hang":
            ctypes.PyDLL(None).sleep(600)  # in C, and no other thread of Python gets a turn
        if what == "bloat":
            bytearray(2**33)
        if what == "machine":
            os.kill(os.getppid(), signal.SIGKILL)
        if what == "raise":
            raise ZeroDivisionError("the author did not think of this")
        if what == "header":
            raise HeaderError("no start", place="card START", hint="Write START = 2024-01-01")
        start = jd_utc(dt.date.fromisoformat(header.get("START")), 0.0)
        return Facts(start, start + 1.0)

    def steps(self, options):
        yield fact("time_min", "start", "FITS key START")
        yield fact("time_max", "end", "FITS key START, and a day")
        yield constant("dataproduct_type", "ts")
        yield constant("measurement_type", "phot.flux.density;em.radio")
        yield constant("processing_level", 3)
        yield constant("target_name", options.target)
        yield constant("target_class", "planet")
        yield constant("instrument_name", ("RM", "Radiometer # 1"))
        yield Step("spectral_range_min", "nothing", lambda granule: Missing("one channel, of unknown frequency"))


GRAMMAR = Radiometer()
