# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's style sheet. Private to llmops.finetune; may change at any time.

The light and the dark scheme differ only in the variables. Readers with any common kind of colour blindness can
distinguish the blue and the orange of the curves. The contrast of text is at least 4.5 to 1 (WCAG 2.2, AA), that of
lines at least 3 to 1.
"""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f8; --card: #ffffff; --text: #1b2127; --quiet: #57606a; --line: #dfe3e8; --link: #0a58a6;
  --training: #0072b2; --validation: #c2500a;
  --good: #12633a; --good-back: #e2f3e8; --bad: #a81e16; --bad-back: #fdeae8; --busy: #6f4a00; --busy-back: #fcf1d6;
  --still: #4c555f; --still-back: #ebeef1;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14181c; --card: #1c2126; --text: #e4e8ec; --quiet: #a3adb7; --line: #343c44; --link: #7cb8f5;
    --training: #56b4e9; --validation: #f0a04b;
    --good: #7fd8a4; --good-back: #173526; --bad: #ffaaa2; --bad-back: #45201d; --busy: #f2c660; --busy-back: #3a2e10;
    --still: #b6c0c9; --still-back: #2b3239;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Helvetica, Arial, sans-serif;
}
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 0; }
footer { max-width: 1040px; margin: 0 auto; padding: 8px 20px 32px; color: var(--quiet); font-size: 13px; }
h1 { font-size: 27px; line-height: 1.25; margin: 0; }
h2 { font-size: 20px; line-height: 1.35; margin: 0; }
h3 { font-size: 15px; margin: 20px 0 6px; }
p { margin: 4px 0; }
a { color: var(--link); text-underline-offset: 2px; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
td code, dd code { -webkit-user-select: all; user-select: all; }
ul { margin: 0; padding-left: 20px; }
ul.plain { list-style: none; padding: 0; }
h1, h2, h3, a, th, td, dd, li, p, b, span, code { unicode-bidi: isolate; }
.quiet { color: var(--quiet); }
.small { font-size: 13px; }
.said { white-space: pre-line; }
.figures { font-variant-numeric: tabular-nums; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; margin: 18px 0;
}
header { margin-bottom: 20px; }

.badge {
  display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 13px; font-weight: 600; line-height: 20px;
  vertical-align: 2px; color: var(--still); background: var(--still-back);
}
td .badge { vertical-align: 0; }
.good { color: var(--good); background: var(--good-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.busy { color: var(--busy); background: var(--busy-back); }
.still { color: var(--still); background: var(--still-back); }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; list-style: none; padding: 0; margin: 12px 0 16px; }
.tiles li { border-radius: 8px; padding: 6px 16px; min-width: 108px; }
.tiles b { font-size: 22px; }

table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 8px 14px 8px 0; border-top: 1px solid var(--line); }
thead th, thead td { border-top: 0; font-size: 13px; color: var(--quiet); font-weight: 400; padding-top: 0; }
tbody th { font-weight: 600; }
tbody th .small { font-weight: 400; }
.line { display: block; }
.models { table-layout: fixed; }
.models th:nth-child(1) { width: 31%; }
.models th:nth-child(2) { width: 18%; }
.models th:nth-child(3) { width: 18%; }
.models td:last-child { padding-right: 0; }
.spread { width: auto; }
.spread th[scope=row] { font-weight: 400; }
.spread td, .spread thead th { text-align: right; padding-left: 18px; padding-right: 0; }

.failure { border-left: 4px solid var(--bad); padding-left: 14px; margin-top: 16px; }
.failure h3 { margin: 0; font-size: 16px; }
.warnings { list-style: none; margin: 10px 0; padding: 0; }
.warnings li {
  background: var(--busy-back); color: var(--busy); border-radius: 8px; padding: 6px 12px; margin-top: 6px;
}

.facts { margin: 10px 0 0; }
.facts > div { display: grid; grid-template-columns: 132px 1fr; gap: 0 12px; padding: 3px 0; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; }
.blocks { display: grid; grid-template-columns: 29fr 33fr 28fr; gap: 0 32px; }
.blocks .facts { margin: 0 0 8px; }
.blocks .facts > div { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); border-top: 1px solid var(--line); }
.blocks .times > div { grid-template-columns: 112px minmax(0, 1fr); }
.pair { display: flex; flex-wrap: wrap; gap: 14px 40px; align-items: flex-start; }
.pair .facts { flex: 1 1 380px; }
.pair .facts > div { grid-template-columns: 72px minmax(0, 1fr); }
.dataset + .dataset { border-top: 1px solid var(--line); margin-top: 20px; }
.issues { margin-top: 10px; }
.issues summary { cursor: pointer; font-weight: 600; }
.issues.error summary { color: var(--bad); }
.issues.warning summary { color: var(--busy); }
.issues li { margin-top: 4px; }

figure { margin: 8px 0 0; }
figcaption { display: flex; flex-wrap: wrap; gap: 2px 24px; font-size: 14px; }
.plot { padding: 10px 14px 0 44px; }
.chart .plot { padding-bottom: 22px; }
.plot > svg { display: block; width: 100%; height: 220px; overflow: visible; }
.plot svg svg { overflow: visible; }
.axis { text-align: center; font-size: 12px; color: var(--quiet); margin: 0; }
svg text { font-size: 12px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.grid line { stroke: var(--line); stroke-width: 1; }
.grid text { text-anchor: end; }
.along text { text-anchor: middle; }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.sample { display: inline-block; width: 28px; height: 10px; vertical-align: 0; }
.sample line { stroke-width: 2; }
.training { stroke: var(--training); }
.validation { stroke: var(--validation); stroke-dasharray: 6 4; }
.dots circle { stroke-width: 1.5; stroke-dasharray: none; }
.training circle { fill: var(--training); }
.validation circle { fill: var(--card); }
.dense circle { opacity: 0; }
.dense circle:hover { opacity: 1; }
.overview ul {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 18px 24px;
  list-style: none; padding: 0; margin: 12px 0;
}
.overview .plot { padding: 8px 4px 6px 36px; }
.overview .plot > svg { height: 90px; }

@media screen and (max-width: 760px) {
  main { padding: 18px 12px 0; }
  section { padding: 16px 14px; }
  .models, .models tbody, .models tr, .models th, .models td { display: block; }
  .models thead, .models .empty { display: none; }
  .models tr { border-top: 1px solid var(--line); padding: 10px 0; }
  .models tbody th, .models td { border: 0; padding: 2px 0; width: auto; }
  .models tbody th:nth-child(1) { width: auto; }
  .models td::before { content: attr(data-label); display: block; font-size: 13px; color: var(--quiet); }
  .pair .facts, .blocks { display: block; }
  .facts > div { grid-template-columns: 104px minmax(0, 1fr); }
  .overview ul { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px 12px; }
  .spread { font-size: 13px; }
  .spread td, .spread thead th { padding-left: 6px; }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 10pt; background: #ffffff; }
  main, footer { max-width: none; padding-left: 0; padding-right: 0; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 12px 0; }
  .badge { font-size: 8pt; padding: 0 6px; }
  h2, h3 { break-after: avoid; }
  tr, figure, .failure, .facts > div, .overview li { break-inside: avoid; }
  .badge, .tiles li, .warnings li { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; text-decoration: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""
