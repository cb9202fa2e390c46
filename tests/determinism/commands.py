"""Every command and format, as words for one archive and another one to compare it with."""

from __future__ import annotations

RULES = (
    *("--max-size", "1B", "--max-compressed-size", "1B", "--max-layers", "1", "--max-layer-size", "1B"),
    *("--max-wasted", "0B", "--min-efficiency", "1", "--max-files", "1", "--max-file-size", "1B"),
    *("--max-path-size", "/usr=1B", "--max-path-size", "a=1B", "--max-path-size", "*.so=1B"),
    *("--forbidden-paths", "secrets", "--forbidden-paths", "caches", "--forbidden-paths", "a"),
    *("--require-non-root", "--forbid-latest-base", "--forbidden-findings", "ALL", "--max-suggested-savings", "0B"),
    *("--no-config", "--allow-skipped", "--lowestEfficiency", "0.99"),
)
GROWTH = (
    *("--max-growth", "0B", "--max-compressed-growth", "0B", "--max-new-waste", "0B", "--max-new-file-size", "1B"),
    "--no-config",
)


def commands(image: str, other: str, path: str, dockerfile: str | None) -> list[list[str]]:
    """Return the command lines; ``path`` is one of ``image``'s."""
    found = [
        ["analyze", image, "--top", "30", "--width", "100"],
        ["analyze", image, "--format", "json", "--duplicates", "--fingerprints"],
        ["analyze", image, "--format", "markdown", "--duplicates", "--top", "30"],
        ["analyze", image, "--format", "dive"],
        ["analyze", image, "--format", "svg"],
        ["diff", image, other, "--format", "html"],
        ["why", image, path],
        ["cat", image, path],
        ["verify", image],
        ["baseline", "save", image, "-o", "-", "--files", "3"],
        ["bases", image, "--with", other, "--no-table", "--width", "100"],
        ["bases", image, "--format", "json"],
        ["bases", image, "--with", other, "--format", "markdown"],
    ]
    found += [
        ["check", image, *RULES, "--format", name, "--top", "30", *_about(dockerfile)]
        for name in ("text", "json", "markdown", "junit", "sarif", "gitlab", "github")
    ]
    found += [["check", image, "--baseline", other, *GROWTH, "--format", name] for name in ("text", "json")]
    found += [
        ["suggest", image, "--min-size", "1B", "--top", "30", "--format", name, *_about(dockerfile)]
        for name in ("text", "json", "markdown", "sarif", "html")
    ]
    found += [["diff", image, other, "--format", name, "--top", "30"] for name in ("text", "json", "markdown")]
    found += [["trend", image, other, "--format", name] for name in ("text", "json", "markdown", "svg")]
    found += [["pull-cost", image, "--from", other, "--format", name] for name in ("text", "json")]
    found.append(["pull-cost", image, "--from", other, "--what-if", "--format", "json"])
    if dockerfile:
        found.append(["suggest", image, "--min-size", "1B", "--dockerfile", dockerfile, "--diff"])
    return found


def _about(dockerfile: str | None) -> list[str]:
    return ["--dockerfile", dockerfile] if dockerfile else []
