"""Writes docs/rules/ from the rules' own words: python docs/make_rules.py"""

from pathlib import Path

from imgscope.suggestions.model import Rule
from imgscope.suggestions.rules import all_rules

HERE = Path(__file__).parent / "rules"

FAMILIES = {
    "IS0": "What one layer stores and a later one hides",
    "IS1": "What package managers and build tools leave behind",
    "IS2": "What only a build needs",
    "IS3": "What .dockerignore should keep out",
    "IS4": "Instructions",
    "IS5": "AI and GPU images",
    "IS6": "Secrets",
    "IS9": "Good practice, which saves no bytes",
}
_SURE = {
    "certain": "*Certain*: the bytes serve nobody.",
    "likely": "*Likely*: an image like this does not need them at run time.",
    "possible": "*Possible*: whoever knows the program has to say.",
}


def _block(text: str) -> list[str]:
    return ["```dockerfile", *text.split("\n"), "```"]


def page(rule: Rule) -> str:
    """Return the page of one rule."""
    lines = [f"# {rule.code}: {rule.name}", "", rule.summary, "", rule.why, ""]
    lines += ["A note: it saves no bytes." if rule.note else _SURE[rule.certainty], ""]
    if rule.before:
        lines += ["Instead of", "", *_block(rule.before), ""]
    if rule.after:
        lines += ["write" if rule.before else "Write", "", *_block(rule.after), ""]
    if rule.places:
        lines += ["Looked for in the image's own layers, removed files included:", ""]
        lines += [*(f"- `{place}`" for place in rule.places), ""]
    lines += [
        f"To leave it out: `--ignore {rule.code}`, or `# imgscope: ignore={rule.code}` above the instruction.",
        "",
    ]
    return "\n".join(lines)


def index() -> str:
    """Return the page that lists all rules."""
    lines = [
        "# The rules of `imgscope suggest`",
        "",
        "Made from the rules' own words by `python docs/make_rules.py`; a test keeps it true.",
        "",
    ]
    for family, title in FAMILIES.items():
        rules = sorted((rule for rule in all_rules() if rule.code.startswith(family)), key=lambda rule: rule.code)
        if rules:
            lines += [f"## {title}", "", "| rule | name | what it finds | sure |", "|---|---|---|---|"]
            lines += [
                f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.summary} "
                f"| {'note' if rule.note else rule.certainty} |"
                for rule in rules
            ]
            lines.append("")
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Return every page by its file's name."""
    return {"index.md": index(), **{f"{rule.code}.md": page(rule) for rule in all_rules()}}


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    made = pages()
    for old in HERE.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text)
