"""Pytest plug-in: ``pytest --epn-tap-url URL [--epn-schema S]`` gives one test a rule and table, without a test file.

The check runs once, when the session starts. Under pytest-xdist it runs in the process that sends out the tests, and
the others are told what it found. Without the option nothing is imported and nothing asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from epncore.check.verdicts import Verdict

SEVERITIES = ("error", "warning", "advice")
"""As `epncore.model.rules` has them, which is not imported where nothing is asked."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plug-in."""
    group = parser.getgroup("epn-tap", "EPN-TAP services (epncore)")
    group.addoption("--epn-tap-url", metavar="URL", help="TAP service to check: one test a rule and table")
    group.addoption("--epn-schema", metavar="SCHEMA", action="append", default=[], help="only this one; repeatable")
    group.addoption("--epn-baseline", metavar="FILE", help="findings that are accepted")
    group.addoption("--epn-record", metavar="URL_OR_FILE", help="registry record of the table")
    group.addoption(
        "--epn-fail-on", choices=SEVERITIES, default="error", help="least severity that fails a test (default: error)"
    )
    group.addoption(
        "--epn-follow-links", metavar="ROWS", type=int, default=0, help="rows whose addresses are followed (default: 0)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the session where an address is given."""
    if config.getoption("epn_tap_url"):
        config.pluginmanager.register(_Plugin(config), "epn-tap")
    elif config.getoption("epn_schema"):
        raise pytest.UsageError("--epn-schema needs --epn-tap-url")


class _Plugin:
    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.verdicts: list[Verdict] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        told = getattr(self.config, "workerinput", None)
        self.verdicts = told["epn_verdicts"] if told else _checked(self.config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Of pytest-xdist: tell another process."""
        node.workerinput["epn_verdicts"] = self.verdicts

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        items += [
            RuleItem.from_parent(session, name=f"epn[{each['table']}::{each['rule']}]", verdict=each)
            for each in self.verdicts
        ]


class RuleItem(pytest.Item):
    """A rule on a table."""

    def __init__(self, *, verdict: Verdict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.verdict = verdict

    def runtest(self) -> None:
        """Tell what was found."""
        state, text = self.verdict["state"], self.verdict["text"]
        if state == "failed":
            pytest.fail(text, pytrace=False)
        if state == "not run":
            pytest.skip(text)
        if text:
            self.add_report_section("call", "epn-tap", text)

    def reportinfo(self) -> tuple[str, None, str]:
        """Where it stands: in no file."""
        return self.verdict["table"], None, self.name


def _checked(config: pytest.Config) -> list[Verdict]:
    from pathlib import Path

    from epncore.check.check import Options, check
    from epncore.check.verdicts import verdicts
    from epncore.model.errors import EpnCoreError
    from epncore.model.printable import printable

    baseline = config.getoption("epn_baseline")
    options = Options(
        links=config.getoption("epn_follow_links"),
        record=config.getoption("epn_record"),
        baseline=Path(baseline) if baseline else None,
    )
    try:
        report = check(config.getoption("epn_tap_url"), config.getoption("epn_schema"), options)
    except EpnCoreError as error:
        raise pytest.UsageError(printable(error)) from None
    return list(verdicts(report, config.getoption("epn_fail_on")))
