"""A report as one page of HTML that needs nothing else: to send, to keep, to print."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from epncore.check.render.summary import by_gravity, by_reason, families
from epncore.model.severity import SEVERITIES

if TYPE_CHECKING:
    from epncore.check.report import Report


def page(report: Report, checked: str = "") -> str:
    """The report as HTML.

    Parameters
    ----------
    report : Report
    checked : str
        The day of the check, where it is to be told.

    Returns
    -------
    str
    """
    script = files("epncore.check.render").joinpath("page.js").read_text("utf-8")
    # The page's policy lets a browser run this script and no other, whatever the values of a service hold.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("epncore.check.render", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        report=report,
        checked=checked,
        severities=SEVERITIES,
        tables=sorted({finding.table for finding in report.findings}),
        groups=list(by_gravity(report)),
        not_run=by_reason(report.not_run),
        families=families,
        script=Markup(script),  # noqa: S704  # our own file
        script_hash=f"sha256-{digest}",
    )
