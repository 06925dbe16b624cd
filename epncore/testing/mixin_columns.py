"""Prints, as JSON, the columns that DaCHS's own mixin //epntap2#table-2_0 gives an epn_core table with all it has.

Runs under the Python of DaCHS and needs gavo only, no database::

    GAVOSETTINGS=... /usr/bin/python3 mixin_columns.py > columns.json

The answer: frame -> name of the column -> {"type", "unit", "ucd", "required", "level"}.
"""

from __future__ import annotations

import json

from gavo import base, rscdesc

FRAMES = ("celestial", "body", "cartesian", "spherical", "cylindrical", "none")

RD = """
<resource schema="probe">
  <table id="epn_core" onDisk="True" adql="True">
    <mixin spatial_frame_type="{frame}" optional_columns="{optional}">//epntap2#table-2_0</mixin>
  </table>
</resource>
"""


def columns(frame: str) -> dict[str, dict[str, object]]:
    """Describe all columns of a table in one spatial frame."""
    optional = [column.name for column in base.resolveCrossId("//epntap2#optional_columns")]
    text = RD.format(frame=frame, optional=" ".join(optional))
    table = base.parseFromString(rscdesc.RD, text).getById("epn_core")
    return {
        column.name: {
            "type": column.type,
            "unit": column.unit or "",
            "ucd": column.ucd or "",
            "required": column.required,
            "level": "optional" if column.name in optional else "mandatory",
        }
        for column in table
    }


if __name__ == "__main__":
    print(json.dumps({frame: columns(frame) for frame in FRAMES}, indent=1))
