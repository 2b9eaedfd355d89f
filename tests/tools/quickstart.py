# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make quickstart``: the playbook as a preview, for real, and once more, against the sandbox; then the clean-up.

Before the training and after it, one question is asked: of the base models, then of what was trained and deployed. The
summary counts runs and requests in the sandbox's own lists and in the recap of each run. The exit code is 0 only if
everything is as a newcomer was promised.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Virtual seconds a second: the simulated trainings then take about 20 s.
_SPEED = "30"
_START_SECONDS = 30.0
_RECAP = re.compile(r"^localhost\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0\b", re.MULTILINE)
_ACCOUNTS = ("AWS_", "AZURE_", "OCI_", "OPENAI_")
_LISTS = {
    "openai": ("openai/jobs", "jobs", "succeeded"),
    "bedrock": ("bedrock/jobs", "jobs", "Completed"),
    "oci": ("oci/models", "models", "ACTIVE"),
}
# Each provider's own name for the same number.
_LOSSES = ("training_loss", "train_loss")
_BASE_MODELS = {"openai": "Qwen/Qwen3-32B", "bedrock": "amazon.nova-lite-v1:0", "oci": "meta.llama-3.3-70b-instruct"}
_QUESTION = "Since this morning there is a red light on my Hub 3, and the Wi-Fi loads nothing. What now?"
_FOR_REAL = """\
The same for real, with one of the providers or several. It costs money, so look at the preview first:

  ansible-playbook playbooks/quickstart.yml -e providers=openai,bedrock,oci --check --diff
  ansible-playbook playbooks/quickstart.yml -e providers=openai,bedrock,oci

What to install beside ansible-core, and to export:

  openai   pip install openai
           OPENAI_API_KEY, and OPENAI_BASE_URL of a host that trains models with open weights
           -e openai_base_model=..., as that host calls it
  bedrock  pip install boto3
           AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_REGION
           BEDROCK_BUCKET, for the data; BEDROCK_ROLE_ARN, a role that Bedrock may assume
           BEDROCK_OUTPUT_S3_URI, as s3://BUCKET/FOLDER/
  oci      pip install oci
           OCI_CONFIG_FILE, if it is not ~/.oci/config; OCI_COMPARTMENT_ID; OCI_BUCKET, for the data
           OCI_DEDICATED_AI_CLUSTER_ID, an OCID or a name, for the training
           OCI_HOSTING_CLUSTER_ID, an OCID; it is charged by the hour

Afterwards, delete everything that was created:

  ansible-playbook playbooks/quickstart_cleanup.yml -e providers=openai,bedrock,oci"""


@dataclass
class Run:
    """One run of the playbook: its exit code, ``changed`` of its recap (None if it has none or failed), the
    API requests that it made, and how many of them wrote."""

    code: int
    changed: int | None
    requests: int
    writes: int
    seconds: float


class Show:
    """The sandbox and the runs against it. ``report``: where the role writes its page."""

    def __init__(
        self, root: Path, bin_folder: Path, environ: Mapping[str, str], sandbox: Mapping[str, Any], folder: Path
    ) -> None:
        self.root = root
        self.bin_folder = bin_folder
        self.control = sandbox["control_url"]
        account = self.get("bedrock/account")
        # The developer's own accounts have no place here.
        self.environ = {
            **{name: value for name, value in environ.items() if not name.startswith(_ACCOUNTS)},
            **sandbox["env"],
            "OPENAI_BASE_URL": sandbox["env"]["SELFHOSTED_BASE_URL"],
            "OPENAI_API_TYPE": "compatible",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "BEDROCK_BUCKET": account["data_bucket"],
            "BEDROCK_ROLE_ARN": account["role_arn"],
            "BEDROCK_OUTPUT_S3_URI": f"s3://{account['output_bucket']}/support-bot/",
            "ANSIBLE_FORCE_COLOR": environ.get("ANSIBLE_FORCE_COLOR", ""),
        }
        self.folder = folder
        self.results = folder / "results.json"
        self.report = root / "build" / "quickstart.html"
        self.report.unlink(missing_ok=True)
        self.counted = 0

    def get(self, path: str) -> Any:
        """JSON from the sandbox's control API."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.control}/{path}", timeout=30) as answer:
            return json.load(answer)

    def run(self, title: str, *options: str, report: Path | None = None, playbook: str = "quickstart.yml") -> Run:
        """One run of a playbook, its output passed on as it comes. ``report``: elsewhere than usual."""
        command = ["ansible-playbook", f"playbooks/{playbook}", *options]
        print(f"\n=== {title}\n$ {' '.join(command)}", flush=True)
        start = time.monotonic()
        lines: list[str] = []
        with subprocess.Popen(
            [
                self.bin_folder / command[0],
                self.root / command[1],
                *options,
                "-e",
                json.dumps({"report": str(report or self.report), "results_file": str(self.results)}),
            ],
            cwd=self.root,
            env={**self.environ, "PYTHONUNBUFFERED": "1"},  # so that what is printed stays in its order
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # where progress is told
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                lines.append(line)
        recap = _RECAP.search(re.sub(r"\x1b\[[0-9;]*m", "", "".join(lines)))
        log = self.get("requests")["requests"]
        fresh, self.counted = log[self.counted :], len(log)
        return Run(
            process.returncode,
            int(recap[1]) if recap and process.returncode == 0 else None,
            len(fresh),
            sum(map(_writes, fresh)),
            time.monotonic() - start,
        )

    def trainings(self) -> dict[str, list[str]]:
        """Of each provider, the status of every training that the sandbox knows."""
        return {
            provider: [entry.get("status") or entry["state"] for entry in self.get(path)[key]]
            for provider, (path, key, _done) in _LISTS.items()
        }

    def kept(self) -> dict[str, Any]:
        """The models, and what to call, of the last run that was no preview."""
        return json.loads(self.results.read_text()) if self.results.exists() else {"models": [], "calls": {}}

    def ask(self, models: Mapping[str, str]) -> dict[str, str]:
        """The answer of each model to the question, by provider."""
        done = subprocess.run(
            [self.bin_folder / "python", self.root / "tests/tools/ask.py", _QUESTION, json.dumps(models)],
            env=self.environ,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        self.counted = len(self.get("requests")["requests"])  # the questions are not requests of a playbook
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def is_output(self, provider: str, kind: str, name: str) -> bool:
        """Whether a training itself has left it: Bedrock's metrics in S3, checkpoints of an OpenAI-style host."""
        output = self.environ["BEDROCK_OUTPUT_S3_URI"].removeprefix("s3://")
        return (provider, kind) == ("bedrock", "objects") and name.startswith(output) or ":ckpt-step-" in name

    def resources(self) -> set[tuple[str, str, str]]:
        """Everything that exists at the providers and can be deleted: provider, kind, name."""
        return {
            (provider, kind, name)
            for provider in _LISTS
            for kind, names in self.get(f"{provider}/resources").items()
            for name in names
        }


def main(root: Path, bin_folder: Path, environ: dict[str, str]) -> int:
    """Run the show; 0 if everything came as promised."""
    (root / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "sandbox.json"
        with subprocess.Popen(
            [
                bin_folder / "python",
                root / "extensions" / "sandbox",
                *("--speed", _SPEED, "--port-file", port_file),
                # A host of open weights that keeps metadata, lists the models that it has trained, and can delete them.
                *("--set", "openai.metadata=kept", "--set", "openai.tuned_models=listed"),
                *("--set", "openai.deletions=possible"),
            ],
            env=environ,
            stdout=subprocess.DEVNULL,
        ) as sandbox:
            try:
                return _show(Show(root, bin_folder, environ, _ready(sandbox, port_file), Path(folder)))
            finally:
                sandbox.terminate()


def _ready(sandbox: subprocess.Popen[bytes], port_file: Path) -> dict[str, Any]:
    end = time.monotonic() + _START_SECONDS
    while not port_file.exists():
        if sandbox.poll() is not None or time.monotonic() > end:
            raise SystemExit("error: the sandbox did not start; 'make sandbox' shows why.")
        time.sleep(0.1)
    ready: dict[str, Any] = json.loads(port_file.read_text())
    return ready


def _show(show: Show) -> int:
    print(
        "The sandbox plays an OpenAI-style host, Amazon Bedrock and OCI Generative AI on this machine.\n"
        "Its training is a simulation: no model is trained, and nothing is paid."
    )
    existed, before = show.resources(), show.ask(_BASE_MODELS)
    preview = show.run("1. Preview: what would happen? Nothing is written.", "--check", "--diff")
    first = show.run("2. For real: one dataset, three providers at the same time. Then the models are deployed.")
    after = show.ask(show.kept()["calls"])
    # The second report stays elsewhere, because the first one shows the training.
    second = show.run("3. Once more: everything exists, so nothing changes.", report=show.folder / "second.html")
    trainings, models = show.trainings(), show.kept()["models"]
    cleanup = show.run("4. Clean-up: everything that was created is deleted.", playbook="quickstart_cleanup.yml")
    left = show.resources() - existed
    outputs = {one for one in left if show.is_output(*one)}
    promised = (
        preview.code == first.code == second.code == cleanup.code == 0
        and preview.writes == 0
        and first.changed == 3
        and second.changed == 0
        and second.writes == 0
        and trainings == {provider: [done] for provider, (_path, _key, done) in _LISTS.items()}
        and [model["provider"] for model in models] == list(_LISTS)
        and all(model["model_id"] for model in models)
        and show.report.exists()
        and list(before) == list(after) == list(_LISTS)
        and all(before[provider] != after[provider] for provider in _LISTS)
        and left == outputs
    )
    width = 26
    print("\n=== Summary")
    runs = (("1. preview", preview), ("2. for real", first), ("3. once more", second), ("4. clean-up", cleanup))
    for what, run in runs:
        changed = "failed" if run.changed is None else f"changed={run.changed}"
        print(f"{what:<{width}}{changed:<12}{run.requests} API requests, {run.writes} writing, {run.seconds:.0f} s")
    counts = ", ".join(f"{len(statuses)} at {provider}" for provider, statuses in trainings.items())
    print(f"{'trainings started':<{width}}{counts}")
    if show.report.exists():
        print(f"{'report':<{width}}{show.report.relative_to(show.root)}, to be opened in a browser")
    others = sorted(left - outputs)
    kept = f"{len(outputs)} metrics files and checkpoints of the trainings"
    print(f"{'left after the clean-up':<{width}}{kept}, {len(others)} others")
    for other in others:
        print(f"{'':<{width}}{' '.join(other)}")
    print()
    _table([["provider", "base model", "examples", "loss", "model"], *map(_row, models)])
    print(f"\nQuestion: {_QUESTION}\n")
    answers = ([provider, _cut(before, provider), _cut(after, provider)] for provider in _LISTS)
    _table([["", "base model", "fine-tuned model"], *answers])
    print(f"\n{_FOR_REAL}")
    if not promised:
        print("\nerror: this is not what was promised; please report it with the output above.")
    return 0 if promised else 1


def _cut(answers: Mapping[str, str], provider: str) -> str:
    """The beginning of an answer."""
    words = answers.get(provider, "no answer").split()
    return f"{' '.join(words[:9])} ..."


def _writes(request: Mapping[str, Any]) -> bool:
    """Whether a request may change something. Bedrock lists tags by a POST."""
    return request["method"] not in ("GET", "HEAD") and request["operation"] != "bedrock.ListTagsForResource"


def _row(model: Mapping[str, Any]) -> list[str]:
    training = model["dataset"].get("training", {})
    loss = next((model["metrics"][name] for name in _LOSSES if name in model["metrics"]), None)
    return [
        model["provider"],
        model["base_model"],
        str(training.get("examples", "")),
        "" if loss is None else f"{float(loss):.3f}",
        model["model_id"] or model["status"] or "none",
    ]


def _table(rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
