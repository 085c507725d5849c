"""A review as SARIF 2.1.0, for tools that show findings beside the code.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from lab import __version__
from lab.review.finding import Finding, Severity, meanings

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.PROBLEM: "error", Severity.ADVICE: "warning", Severity.NOTE: "note"}


def sarif(findings: Iterable[Finding], problem: str = "") -> dict[str, Any]:
    """Return the findings as a log with one run. A waived one is suppressed in the source.

    `problem` says why the review could not be made, or not all of it: the run counts as not successful then.
    """
    rules = [
        {
            "id": name,
            "shortDescription": {"text": meaning.text},
            "help": {"text": f"{meaning.text} See docs/review.md of lab."},
            "defaultConfiguration": {"level": LEVELS[meaning.severity]},
        }
        for name, meaning in meanings().items()
    ]
    driver = {"name": "lab migration review", "version": __version__, "rules": rules}
    run: dict[str, Any] = {"tool": {"driver": driver}, "results": [_result(one) for one in findings]}
    if problem:
        told = [{"level": "error", "message": {"text": problem}}]
        run["invocations"] = [{"executionSuccessful": False, "toolExecutionNotifications": told}]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(one: Finding) -> dict[str, Any]:
    # Pages that show findings beside the code leave out one without a line.
    place = {"artifactLocation": {"uri": quote(one.file)}, "region": {"startLine": one.line or 1}}
    found: dict[str, Any] = {
        "ruleId": one.id,
        "level": LEVELS[one.severity],
        "message": {"text": f"{one.seen}\n\nSafer:\n{one.safer}" if one.safer else one.seen},
        "properties": {"how": str(one.how), "safer": one.safer},
    }
    if one.file:
        found["locations"] = [{"physicalLocation": place}]
    if one.waived is not None:
        found["suppressions"] = [{"kind": "inSource", "justification": one.waived}]
    return found
