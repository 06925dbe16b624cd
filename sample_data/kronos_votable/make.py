"""A tiny VOTable of form 2: a row a time and frequency, as records of the Cassini/RPWS high-frequency receiver are.

Invented data: Saturn kilometric radiation that rises around 200 kHz. Layout: VOTable 1.2, TABLEDATA, ``arraysizes`` for
arraysize, a null time, a time with 99 seconds, and the span in PARAMs with utypes of SPASE. Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np

START = dt.datetime(2006, 5, 4, 18, 0, tzinfo=dt.UTC)
STEP_S = 16.0
SWEEPS = 30
FREQUENCIES_KHZ = np.round(np.geomspace(3.6, 1000.0, 24), 3)

HEAD = """<?xml version="1.0"?>
<VOTABLE version="1.2" xmlns="http://www.ivoa.net/xml/VOTable/v1.2">
<RESOURCE type="results">
<TABLE name="n2">
<PARAM name="start_date" datatype="char" arraysizes="*" xtype="dateTime"
 utype="spase:NumericalData.TemporalDescription.TimeSpan.StartDate" value="2006-05-04T18:00:00.000Z"/>
<PARAM name="stop_date" datatype="char" arraysizes="*" xtype="dateTime"
 utype="spase:NumericalData.TemporalDescription.TimeSpan.StopDate" value="2006-05-04T18:59:99.999Z"/>
<PARAM name="release_date" datatype="char" arraysizes="*"
 utype="spase:NumericalData.ResourceHeader.ReleaseDate" value="2010-11-02T00:00:00.000Z"/>
<PARAM name="contact" datatype="char" arraysizes="*"
 utype="spase:NumericalData.ResourceHeader.Contact.PersonID" value="help@example.org"/>
<FIELD name="time" datatype="char" arraysizes="24" ucd="time.epoch" xtype="dateTime">
<VALUES null="0000-00-00T00:00:00.000Z"/></FIELD>
<FIELD name="frequency" datatype="float" unit="kHz" ucd="em.freq"/>
<FIELD name="flux" datatype="float" unit="W.m**-2.Hz**-1" ucd="phot.flux.density;em.radio"/>
<FIELD name="v" datatype="float" ucd="phys.polarization.circular"/>
<DATA><TABLEDATA>
"""
TAIL = """</TABLEDATA></DATA>
</TABLE>
</RESOURCE>
</VOTABLE>
"""
ROW = "<TR><TD>{time}</TD><TD>{frequency:g}</TD><TD>{flux:.3e}</TD><TD>{v:.2f}</TD></TR>\n"


def make(folder: Path) -> list[Path]:
    """Write the file into a folder; its modification time is four years after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "n2_2006124.18.vot"
    path.write_text(HEAD + "".join(_rows()) + TAIL, "ascii", newline="\n")
    written = dt.datetime(2010, 11, 2, tzinfo=dt.UTC).timestamp()
    os.utime(path, (written, written))
    return [path]


def _rows() -> list[str]:
    rng = np.random.default_rng(20060504)
    rows = []
    for sweep in range(SWEEPS):
        moment = START + dt.timedelta(seconds=sweep * STEP_S)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        if sweep == 7:
            text = "0000-00-00T00:00:00.000Z"  # a sweep whose time got lost
        if sweep == SWEEPS - 1:
            text = "2006-05-04T18:59:99.999Z"  # as real files round up
        burst = 4.0 * np.exp(-0.5 * ((np.log10(FREQUENCIES_KHZ) - np.log10(200.0)) / 0.25) ** 2) * sweep / SWEEPS
        flux = 10.0 ** (-19.5 + burst + rng.normal(0, 0.1, len(FREQUENCIES_KHZ)))
        for frequency, one, v in zip(FREQUENCIES_KHZ, flux, rng.normal(-0.8, 0.05, len(FREQUENCIES_KHZ)), strict=True):
            rows.append(ROW.format(time=text, frequency=frequency, flux=one, v=max(v, -1.0)))
    return rows
