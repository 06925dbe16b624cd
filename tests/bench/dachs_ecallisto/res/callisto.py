"""A custom grammar for e-CALLISTO: cards of the primary header, and the FREQUENCY axis, by astropy."""

import datetime
import os

import numpy as np
from astropy.io import fits
from gavo import base, stc
from gavo.grammars.customgrammar import CustomRowIterator


def jd(day, time):
    """Julian Day of a date with slashes and a time whose seconds may be 60."""
    year, month, date = (int(part) for part in day.split("/"))
    hours, minutes, seconds = time.split(":")
    midnight = stc.dateTimeToJdn(datetime.datetime(year, month, date))
    return midnight + (int(hours) * 3600 + int(minutes) * 60 + float(seconds)) / 86400


def angle(header, key, code, negative):
    """An angle whose sign is in another card."""
    return -header[key] if header[code] == negative else header[key]


class RowIterator(CustomRowIterator):
    """One row a file."""

    def _iterRows(self):  # noqa: N802  the name is DaCHS's
        with fits.open(self.sourceToken) as hdus:
            header = hdus[0].header
            frequencies = hdus[1].data["FREQUENCY"][0]
            row = {key: header[key] for key in ("INSTRUME", "ORIGIN", "BUNIT", "CDELT1")}
        if not frequencies.size:
            raise base.SourceParseError("no frequencies", location="FREQUENCY", source=self.sourceToken)
        steps = np.abs(np.diff(frequencies))
        steps = steps[steps > 0]  # the last frequencies are repeats
        about = os.stat(self.sourceToken)  # noqa: PTH116
        name = os.path.basename(self.sourceToken)  # noqa: PTH119
        row.update(
            name=name,
            stem=name.rpartition(".")[0],
            path=header["DATE-OBS"][:7],
            time_min=jd(header["DATE-OBS"], header["TIME-OBS"]),
            time_max=jd(header["DATE-END"], header["TIME-END"]),
            spectral_range_min=float(frequencies.min()) * 1e6,
            spectral_range_max=float(frequencies.max()) * 1e6,
            spectral_sampling_step_min=float(steps.min()) * 1e6,
            spectral_sampling_step_max=float(steps.max()) * 1e6,
            latitude=angle(header, "OBS_LAT", "OBS_LAC", "S"),
            longitude=angle(header, "OBS_LON", "OBS_LOC", "W"),
            created=datetime.datetime.fromisoformat(header["DATE"]),
            modified=datetime.datetime.utcfromtimestamp(int(about.st_mtime)),  # noqa: DTZ004
            kbyte=-(-about.st_size // 1024),
        )
        self.recNo += 1
        yield row

    def getLocator(self):  # noqa: N802
        return self.sourceToken
