"""The page on which a person lets Lane in, for either platform; plainly marked as a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox: sign in to {platform}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1c2330; --soft: #5b6472; --line: #d9dce1; --paper: #fff; --back: #f4f4f1;
  --go: #1f4fbf; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e8eaee; --soft: #a3abb8; --line: #363d4a; --paper: #1a1f29;
  --back: #11151c; --go: #7da2ff; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }}
main {{ box-sizing: border-box; width: min(30rem, 100% - 2rem); background: var(--paper); padding: 2rem;
  border: 1px solid var(--line); border-radius: 10px; }}
p.tag {{ display: inline-block; margin: 0 0 1rem; padding: .15rem .6rem; border: 1px solid var(--line);
  border-radius: 99px; font-size: .8rem; color: var(--soft); }}
h1 {{ font-size: 1.35rem; margin: 0 0 .5rem; }} p, ul {{ color: var(--soft); margin: 0 0 1rem; }}
strong {{ color: var(--ink); }} form {{ display: flex; gap: .75rem; margin-top: 1.5rem; }}
button {{ font: inherit; font-weight: 600; padding: .6rem 1.2rem; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--line); background: none; color: inherit; }}
button[value=allow] {{ background: var(--go); border-color: var(--go); color: var(--paper); }}
button:focus-visible {{ outline: 3px solid var(--go); outline-offset: 2px; }}
</style></head><body><main>
<p class="tag">Sandbox. Not {platform}: no real account, no real money.</p>
<h1>Sign in as {who}</h1>
<p><strong>Lane</strong> asks to manage these sandbox accounts in {platform}:</p>
<ul>{accounts}</ul>
<form method="post" action="{action}">{hidden}
<button name="decision" value="allow" type="submit">Allow</button>
<button name="decision" value="deny" type="submit">Deny</button>
</form></main></body></html>"""


def page(platform: str, who: str, accounts: list[str], action: str, asked: Mapping[str, str]) -> str:
    """The consent page; it posts back what it was asked with."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    return _PAGE.format(
        platform=escape(platform),
        who=escape(who),
        accounts="".join(f"<li>{escape(name)}</li>" for name in accounts),
        action=escape(action),
        hidden=hidden,
    )
