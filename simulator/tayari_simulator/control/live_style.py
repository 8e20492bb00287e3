"""The frame of the live page: its style, and the script that renews its body every second."""

from __future__ import annotations

from typing import Final

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tayari simulator</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --soft: #8881;
          --paid: #12833b; --failed: #c0271f; --prompted: #a86400; }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 76rem; }
  h1 { font-size: 1.4rem; margin: 0; }
  h1 code { font-weight: 500; }
  h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
  .facts { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .4rem 0 1rem; opacity: .85; }
  .cards { display: flex; flex-wrap: wrap; gap: .8rem; }
  .card { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; min-width: 7rem;
          background: var(--soft); }
  .number { font-size: 1.6rem; font-weight: 650; font-variant-numeric: tabular-nums; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  th { font-weight: 600; opacity: .7; }
  i { font-style: normal; font-weight: 650; }
  i.paid { color: var(--paid); } i.failed { color: var(--failed); } i.prompted { color: var(--prompted); }
  .empty { opacity: .7; padding: 1rem 0; }
  .stale { outline: 2px solid var(--failed); outline-offset: .5rem; }
</style>
</head>
<body>
<main>
<h1>Daraja is played at <code>$daraja_url</code></h1>
<div class="facts">$facts</div>
<div class="cards">$counters</div>
<h2>Recent payments</h2>
<div class="scroll"><table>
<tr><th>EAT</th><th>MSISDN</th><th>KES</th><th>Reference</th><th>Scenario</th>
<th>State</th><th>Callback answered</th></tr>
$payments
</table></div>
<h2>Loaded scenarios</h2>
<div class="scroll"><table>
<tr><th>Name</th><th>Call</th><th>About</th></tr>
$scenarios
</table></div>
</main>
<script>
  async function renew() {
    const main = document.querySelector("main");
    try {
      const text = await (await fetch("/")).text();
      main.innerHTML = new DOMParser().parseFromString(text, "text/html").querySelector("main").innerHTML;
      main.classList.remove("stale");
    } catch (error) {
      main.classList.add("stale");
    }
  }
  setInterval(() => document.hidden || renew(), 1000);
</script>
</body>
</html>
"""
