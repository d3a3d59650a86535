"""The report's style sheet: one column, black on white, and no break inside a milestone's head."""

STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1b1f24; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 860px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 2rem; margin: 0; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #d5d9de; }
h3 { margin: 1.6rem 0 .2rem; } h4 { margin: 0 0 .3rem; font-size: .9rem; font-weight: 600; }
.summary { font-size: 1.15rem; color: #4a525c; margin-top: .2rem; }
.small, figcaption { font-size: .85rem; color: #4a525c; margin: .3rem 0; }
.badge { font-size: .75rem; font-weight: 600; padding: .15rem .5rem; border-radius: 1rem;
  border: 1px solid #8a929c; color: #4a525c; vertical-align: middle; }
.badge.learned { border-color: #1a7f37; color: #1a7f37; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #e3e6ea; }
td { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9rem;
  margin: .5rem 0; }
dt { color: #4a525c; } dd { margin: 0; font-variant-numeric: tabular-nums; }
figure { margin: .6rem 0; break-inside: avoid; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; }
.picture { max-width: 100%; } .thumbnails { display: flex; flex-wrap: wrap; gap: .4rem; }
.curves { display: flex; flex-wrap: wrap; gap: .5rem; } .curves figcaption { width: 100%; }
svg { max-width: 100%; height: auto; font: 11px system-ui, sans-serif; }
pre { background: #f6f7f8; padding: .6rem; overflow-x: auto; white-space: pre-wrap; }
@media print { main { margin: 0; max-width: none; } h2, h3 { break-after: avoid; }
  body { font-size: 11pt; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
