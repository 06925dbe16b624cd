"""A tiny VOTable of form 1, as the Nançay Decameter Array is handed out: a row a spectrum, an array a polarisation.

Invented data: a Jovian decametric arc and a carrier. Layout: VOTable 1.3, BINARY in base64; each polarisation refers to
a GROUP that holds its frequencies by utypes of the Spectrum data model. Same bytes on every run.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import struct
from pathlib import Path

import numpy as np

START = dt.datetime(2014, 1, 30, 22, 15, tzinfo=dt.UTC)
STEP_S = 1.0
SPECTRA, CHANNELS = 60, 40
FREQUENCIES_MHZ = 10.0 + 0.75 * np.arange(CHANNELS)
JD_OF_1970 = 2440587.5

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">
<TABLE name="NDA Routine spectra" nrows="{rows}">
<DESCRIPTION>Nancay Decameter Array, Routine receiver: Jupiter</DESCRIPTION>
<PARAM name="target" datatype="char" arraysize="*" utype="spec:Spectrum.Target.Name" ucd="meta.id;src" value="Jupiter"/>
<PARAM name="instrument" datatype="char" arraysize="*" utype="spec:Spectrum.DataID.Instrument" value="Routine"/>
<PARAM name="observatory" datatype="char" arraysize="*" ucd="meta.id;instr.obsty" value="Nancay Decameter Array"/>
<PARAM name="created" datatype="char" arraysize="*" utype="spec:Spectrum.DataID.Date" value="2014-01-31T08:00:00Z"/>
{groups}<FIELD name="Time" datatype="double" unit="d" ucd="time.epoch"/>
<FIELD name="TimeISO" datatype="char" arraysize="23" ucd="time.epoch" xtype="dateTime"/>
<FIELD name="LL" ref="freq_table_ll" datatype="float" arraysize="{channels}" unit="dB" ucd="{ucd}.LL"/>
<FIELD name="RR" ref="freq_table_rr" datatype="float" arraysize="{channels}" unit="dB" ucd="{ucd}.RR"/>
<DATA><BINARY><STREAM encoding="base64">
"""
GROUP = """<GROUP ID="{id}" name="freq_table">
<PARAM name="name" datatype="char" arraysize="*" utype="spec:Char.SpectralAxis.Name" value="Frequency"/>
<PARAM name="fmin" datatype="float" unit="MHz" utype="spec:Char.SpectralAxis.Coverage.Bounds.Range.Min" value="{low}"/>
<PARAM name="fmax" datatype="float" unit="MHz" utype="spec:Char.SpectralAxis.Coverage.Bounds.Range.Max" value="{high}"/>
<PARAM name="length" datatype="int" utype="spec:Char.SpectralAxis.Length" value="{channels}"/>
<PARAM name="list" datatype="float" arraysize="{channels}" unit="MHz"
 utype="spec:Char.SpectralAxis.Coverage.Location.Value" value="{values}"/>
</GROUP>
"""
TAIL = """</STREAM></BINARY></DATA>
</TABLE>
</RESOURCE>
</VOTABLE>
"""


def make(folder: Path) -> list[Path]:
    """Write the file into a folder; its modification time is a day after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    values = " ".join(f"{value:g}" for value in FREQUENCIES_MHZ)
    low, high = FREQUENCIES_MHZ[0], FREQUENCIES_MHZ[-1]
    groups = "".join(
        GROUP.format(id=f"freq_table_{name}", low=low, high=high, channels=CHANNELS, values=values)
        for name in ("ll", "rr")
    )
    ucd = "phot.flux.density;phys.polarization.circular"
    head = HEAD.format(rows=SPECTRA, groups=groups, channels=CHANNELS, ucd=ucd)
    encoded = base64.encodebytes(b"".join(_rows())).decode("ascii")
    path = folder / "nda_routine_jup_20140130_2215.vot"
    path.write_text(head + encoded + TAIL, "ascii", newline="\n")
    after = (START + dt.timedelta(days=1)).timestamp()
    os.utime(path, (after, after))
    return [path]


def _rows() -> list[bytes]:
    rng = np.random.default_rng(20140130)
    rows = []
    for number in range(SPECTRA):
        moment = START + dt.timedelta(seconds=number * STEP_S)
        sky = 30.0 - 0.3 * (FREQUENCIES_MHZ - 10.0)
        drift_mhz = 22.0 + 0.05 * (number - 30) ** 2 / 3.0  # vertex late, a few MHz in half a minute
        arc = 15.0 * np.exp(-0.5 * ((FREQUENCIES_MHZ - drift_mhz) / 1.5) ** 2)
        left, right = (sky + strength * arc + rng.normal(0, 0.4, CHANNELS) for strength in (1.0, 0.2))
        iso = moment.strftime("%Y-%m-%dT%H:%M:%S.000").encode()
        jd = JD_OF_1970 + moment.timestamp() / 86400.0
        rows.append(struct.pack(">d23s", jd, iso) + left.astype(">f4").tobytes() + right.astype(">f4").tobytes())
    return rows
