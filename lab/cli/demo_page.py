"""A demonstration as one page of HTML: no script, no external part, for a light and a dark screen."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from lab.cli import interleaving_views
from lab.cli.guide_text import Block, Kind, blocks
from lab.cli.scale import Scale, scale_of
from lab.cli.wrapped import diff_style
from lab.operations.demo import ComparedFigure, Demonstration, Interleaving
from lab.operations.measure import Evidence
from lab.scorecard.figure_text import short, value_text

DIFF_CLASSES = {"green": "added", "red": "removed", "cyan": "hunk", "bold": "file"}
CODE = re.compile(r"`([^`]+)`")
LISTS = {Kind.BULLET: "ul", Kind.NUMBERED: "ol"}
FILES = re.compile(r"^(?=diff --git )", re.MULTILINE)
LONG_DIFF = 100
"""Lines from which on each file of a diff is in a part that can be opened and closed."""


def render(found: Demonstration) -> str:
    """Return the page: symptom, cause, cure, and the figures before and after."""
    title = f"Fix {found.number}: {found.title}"
    plans = found.plans or ("", "")
    before, after = map(_recorded, plans, found.interleavings)
    sections = (
        _section("Symptom", f"<p>{escape(found.symptom)}</p>", _evidence(found.before)),
        _section(found.cause.title or "Cause", *_prose(found.cause.text), *before),
        _section("Cure", "<h3>The code</h3>", _diff(found.diff), "<h3>The schema</h3>", _pre(found.sql)),
        _section("With the fix", _evidence(found.after), *after),
        _section("Before and after", _table(found)),
    )
    return PAGE.format(title=escape(title), style=STYLE, body="\n".join(filter(None, sections)))


def _section(title: str, *parts: str) -> str:
    body = "\n".join(parts)
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>" if body else ""


def _evidence(evidence: Evidence) -> str:
    return f"<p>Measured: {_verdict(evidence)}. {escape(evidence.why)}</p>"


def _verdict(evidence: Evidence) -> str:
    by = f" by {evidence.blocked_by}" if evidence.blocked_by else ""
    return f'<strong class="verdict {evidence.verdict}">{evidence.verdict}{by}</strong>'


def _prose(markdown: str) -> Iterator[str]:
    for kind, found in groupby(blocks(markdown), lambda block: block.kind):
        if tag := LISTS.get(kind):
            items = "".join(f"<li>{_words(block)}</li>" for block in found)
            yield f"<{tag}>{items}</{tag}>"
        elif kind is Kind.CODE:
            yield from (_pre(block.text) for block in found)
        else:
            yield from (f"<p>{_words(block)}</p>" for block in found)


def _words(block: Block) -> str:
    return CODE.sub(r"<code>\1</code>", escape(block.text))


def _diff(diff: str) -> str:
    # The lines with the blobs' full hashes say nothing to a reader.
    lines = [line for line in diff.splitlines() if not line.startswith("index ")]
    if len(lines) < LONG_DIFF:
        return _diff_lines(lines)
    files = filter(None, FILES.split("\n".join(lines)))
    return "\n".join(_diff_of_file(file.splitlines(), number == 0) for number, file in enumerate(files))


def _diff_of_file(lines: Sequence[str], is_open: bool) -> str:
    name = escape(lines[0].rpartition(" b/")[2])
    summary = f"<summary><code>{name}</code></summary>"
    return f"<details{' open' if is_open else ''}>{summary}\n{_diff_lines(lines)}</details>"


def _diff_lines(lines: Iterable[str]) -> str:
    spans = (
        f'<span class="{DIFF_CLASSES.get(diff_style(line), "same")}">{escape(line)}\n</span>'
        for line in lines
    )
    return f'<pre class="diff" tabindex="0">{"".join(spans)}</pre>'


def _pre(text: str) -> str:
    return f'<pre tabindex="0">{escape(text.rstrip())}</pre>'


def _recorded(plan: str, interleaving: Interleaving | None) -> Iterator[str]:
    if plan:
        yield f"<h3>The plan of the query</h3>\n{_pre(plan)}"
    if interleaving:
        yield f"<h3>{len(interleaving.requests)} requests at once, as measured, in order of time</h3>"
        yield _diagram(interleaving)


def _diagram(found: Interleaving) -> str:
    heads = _row("th", (f"{n} {escape(name)}" for n, name in enumerate(found.requests, 1)), ' scope="col"')
    rows = [
        f'<tr class="gate"><td colspan="{len(found.requests)}">{interleaving_views.opened(row)}</td></tr>'
        if row.released
        else "<tr>" + "".join(map(_moment, row.cells)) + "</tr>"
        for row in interleaving_views.rows(found)
    ]
    return f'<table class="diagram"><thead>{heads}</thead><tbody>{"".join(rows)}</tbody></table>'


def _moment(cell: tuple[str, ...]) -> str:
    if cell == (interleaving_views.HELD,):
        return '<td class="held"><span class="unseen">waits</span></td>'
    state = "seen" if cell else "idle"
    return f'<td class="{state}">{"<br>".join(map(escape, cell))}</td>'


def _table(found: Demonstration) -> str:
    state = "stays applied" if found.kept else "was reverted after the measurement"
    head = _row("th", ("Figure", "", "Value", "Bar", "Scale", "Ratio"), ' scope="col"')
    verdicts = (
        f'<tr class="first"><th scope="rowgroup" rowspan="2">verdict</th><th scope="row">before</th>'
        f'<td colspan="4">{_verdict(found.before)}</td></tr>'
        f'<tr><th scope="row">after</th><td colspan="4">{_verdict(found.after)}</td></tr>'
    )
    figures = "".join(f"<tbody>{_figure(one)}</tbody>" for one in found.figures)
    caption = f"<caption>The fix {state}. The two bars of a figure have one scale.</caption>"
    return f'<table class="figures">{caption}<thead>{head}</thead><tbody>{verdicts}</tbody>{figures}</table>'


def _figure(one: ComparedFigure) -> str:
    scale = scale_of(one.before, one.after)
    ratio = "" if one.ratio is None else f"{short(one.ratio)}×"
    measured = (("before", one.before), ("after", one.after))
    rows = [f'<th scope="row">{when}</th>{_bar(when, value, one.unit, scale)}' for when, value in measured]
    name = f'<th scope="rowgroup" rowspan="2">{escape(one.name)}</th>'
    note = (
        f'<td rowspan="2" class="note">{scale.name}, {scale.start}</td>'
        f'<td rowspan="2" class="number">{ratio}</td>'
    )
    return f'<tr class="first">{name}{rows[0]}{note}</tr><tr>{rows[1]}</tr>'


def _bar(when: str, value: float | None, unit: str, scale: Scale) -> str:
    text = escape(value_text(value, unit))
    if value is None:
        return f'<td class="unmeasured" colspan="2">{text}</td>'
    bar = f'<div class="bar {when}" style="width: {scale.share(value):.2%}"></div>'
    return f'<td class="number">{text}</td><td class="scale">{bar}</td>'


def _row(tag: str, cells: Iterable[str], attributes: str = "") -> str:
    return "<tr>" + "".join(f"<{tag}{attributes}>{cell}</{tag}>" for cell in cells) + "</tr>"


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1c1f23; --faint: #5b636d; --line: #d4d9df; --panel: #f5f7f9;
  --red: #b3261e; --red-panel: #fdecea; --green: #1a6e2e; --green-panel: #e8f5ea; --blue: #1f5fa8;
  --amber: #8a5300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16191d; --text: #e4e7eb; --faint: #a0a8b2; --line: #3a414a; --panel: #1f242a;
    --red: #ff8a80; --red-panel: #3a2021; --green: #7fd18f; --green-panel: #1c3323; --blue: #8ab8f0;
    --amber: #f0b45c;
  }
}
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; color: var(--faint); }
p, ul, ol { max-width: 46rem; margin: .5rem 0; }
ul, ol { padding-left: 1.5rem; }
summary { cursor: pointer; padding: .25rem 0; }
code, pre, .diagram { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
code { background: var(--panel); padding: .1em .3em; border-radius: 3px; font-size: .9em; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem;
  margin: .5rem 0; overflow: auto; font-size: .8125rem; line-height: 1.45; }
.diff { padding: .5rem 0; display: grid; }
.diff span { padding: 0 .75rem; }
.added { background: var(--green-panel); color: var(--green); }
.removed { background: var(--red-panel); color: var(--red); }
.hunk { color: var(--blue); }
.file { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; font-weight: normal; padding: .2rem .6rem; vertical-align: top; }
thead th { font-weight: 600; border-bottom: 1px solid var(--line); }
caption { text-align: left; color: var(--faint); padding: 0 .6rem .5rem; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.figures tr.first > * { border-top: 1px solid var(--line); }
.figures .note { white-space: nowrap; }
.figures .scale { width: 38%; vertical-align: middle; }
.bar { height: .85rem; border-radius: 2px; min-width: 0; }
.bar.before { background: var(--red); }
.bar.after { background: var(--green); }
.verdict { color: var(--amber); }
.verdict.fixed { color: var(--green); }
.verdict.present { color: var(--red); }
.diagram { border-collapse: separate; border-spacing: 0; table-layout: fixed;
  font-size: .8125rem; border: 1px solid var(--line); }
.diagram th, .diagram td { padding: .3rem .75rem; overflow-wrap: anywhere; }
.diagram thead th { background: var(--panel); }
.diagram .seen { border-left: 3px solid var(--blue); }
.diagram .held { border-left: 3px dotted var(--faint); }
.diagram .idle { border-left: 3px solid transparent; }
.diagram .gate td { background: var(--panel); color: var(--faint); text-align: center; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.unmeasured { color: var(--faint); }
@media (max-width: 40rem) {
  .figures { font-size: .8125rem; }
  .figures .note { white-space: normal; }
  .figures .scale { width: 20%; }
  th, td { padding: .2rem .3rem; }
}
@media print {
  pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""
