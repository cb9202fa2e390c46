"""A walk through an installed imgscope, with nothing but the standard library: python smoke.py BIN FIXTURES.

BIN is the folder of the programs that the installation made, FIXTURES the project's images. Says what fails.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    programs, fixtures = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    webapp, site = fixtures / "webapp.tar", fixtures / "site.tar"
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": folder,
            "IMGSCOPE_CACHE_DIR": f"{folder}/cache",
            "LC_ALL": "C.UTF-8",
        }

        def check(what: object, fine: bool) -> None:
            nonlocal failed
            failed += not fine
            if not fine:
                print("FAILED:", what)

        def run(*command: object, code: int = 0, program: str = "imgscope") -> str:
            words = [str(programs / program), *map(str, command)]
            done = subprocess.run(
                words, cwd=folder, env=environment, capture_output=True, check=False, encoding="utf-8", errors="replace"
            )
            check((words, done.returncode, done.stdout[-800:], done.stderr[-800:]), done.returncode == code)
            check((words, done.stderr[-800:]), "Traceback" not in done.stderr and "Warning" not in done.stderr)
            return done.stdout

        check("version", run("--version").startswith("imgscope "))
        check(
            "metadata",
            json.loads(run("docker-cli-plugin-metadata", program="docker-imgscope"))["SchemaVersion"] == "0.1.0",
        )
        check("analyze", "webapp" in run("analyze", webapp, "--no-tui"))
        saved = run("analyze", webapp, "--format", "json")
        image = json.loads(saved)["image"]
        check("sums", image["merged_bytes"] + image["wasted_bytes"] == image["content_bytes"])
        Path(folder, "saved.json").write_text(saved, encoding="utf-8")
        check("saved", json.loads(run("analyze", "saved.json", "--format", "json"))["image"]["id"] == image["id"])
        run("diff", site, webapp)
        run("check", webapp, "--max-size", "1GB")
        run("check", webapp, "--max-size", "1kB", code=1)
        run("suggest", webapp)
        run("verify", webapp)
        path = next(file["path"] for file in json.loads(saved)["files"] if file["type"] == "file" and file["size"])
        run("why", webapp, path)
        run("cat", webapp, path)
        run("extract", webapp, path, "out")
        run("cache", "info")
        check("doctor", json.loads(run("doctor", "--format", "json"))["imgscope"]["version"]["state"] == "ok")
        check("completion", "complete" in run("completion", "bash"))
        run("analyze", "no-such.tar", code=3)
        done = subprocess.run(
            [str(programs / "imgscope"), "analyze", "-", "--no-tui"],
            stdin=webapp.open("rb"),
            env=environment,
            check=False,
        )
        check("standard input", done.returncode == 0)
    print(f"{'nothing failed' if not failed else f'{failed} failed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
