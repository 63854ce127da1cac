"""run, fetch, doctor: serve the app, fill the store, say what is here."""

import json
import os
import platform
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from playground import limits, paths
from playground.cli import output
from playground.errors import PlaygroundError

_VERSIONS = ("streamlit", "torch", "transformers", "tokenizers", "plotly", "bertviz", "numpy")


def config_as_environment() -> dict[str, str]:
    """config.toml as ``STREAMLIT_*`` variables: Streamlit reads the file only from the working folder.

    The names are made by Streamlit's own rule: ``postScriptGC`` is ``POST_SCRIPT_GC``.
    """
    from streamlit.string_util import to_snake_case

    def walk(prefix: str, table: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in table.items():
            snake = to_snake_case(name).upper()
            if isinstance(value, dict):
                found |= walk(f"{prefix}_{snake}", value)
            else:
                found[f"{prefix}_{snake}"] = value if isinstance(value, str) else json.dumps(value)
        return found

    return walk("STREAMLIT", tomllib.loads(paths.CONFIG_TOML.read_text(encoding="utf-8")))


@click.command()
@click.option("--profile", type=click.Choice(list(limits.PROFILES)), default="local", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--no-browser", is_flag=True, help="Do not open a browser window.")
@click.option(
    "--lessons",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with lessons of your own, shown before the others.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="hosted: a name under which browsers may reach it (may be repeated); others are refused.",
)
def run(profile: str, port: int, no_browser: bool, lessons: Path | None, hosts: tuple[str, ...]) -> None:
    """Serve the app on this machine and print its address."""
    for name, value in config_as_environment().items():
        os.environ.setdefault(name, value)
    os.environ["LLM_PLAYGROUND_PROFILE"] = profile
    if lessons is not None:
        os.environ["LLM_PLAYGROUND_LESSONS"] = str(lessons.resolve())
    flags = ["--server.port", str(port), "--server.headless", "true" if no_browser or not _has_screen() else "false"]
    if profile == "hosted":
        flags += _hosted(hosts or tuple(os.environ.get("LLM_PLAYGROUND_HOSTS", "").replace(",", " ").split()))
    click.echo(f"LLM Playground: http://localhost:{port}  (stop with Ctrl+C)", err=True)
    from streamlit.web import cli as streamlit_cli

    sys.argv = ["streamlit", "run", str(paths.SERVED), *flags]
    sys.exit(streamlit_cli.main(prog_name="streamlit"))


def _hosted(hosts: tuple[str, ...]) -> list[str]:
    """Streamlit's flags for a shared demo. They stand above STREAMLIT_* variables and every config.toml."""
    wanted: dict[str, str] = {
        "server.fileWatcherType": "none",
        "server.headless": "true",
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.enableStaticServing": "false",
        "server.maxUploadSize": "1",
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "browser.gatherUsageStats": "false",
    }
    flags = [part for name, value in wanted.items() for part in (f"--{name}", value)]
    return flags + [part for host in hosts for part in ("--server.allowedHosts", host)]


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything in the catalogue, hub models too.")
@click.option("--force", is_flag=True, help="Fetch again even when present and intact.")
def fetch(ids: tuple[str, ...], everything: bool, force: bool) -> None:
    """Download, verify and convert models into the store (the default ones when none is named)."""
    from playground.models import store
    from playground.models.catalogue import catalogue

    entries = [store.entry_for(name) for name in ids]
    if not entries:
        rows = catalogue().entries.values() if everything else catalogue().defaults
        entries = [e for e in rows if not e.part_of]
    missing: list[PlaygroundError] = []
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.errors) as bar:
        for entry in entries:
            task = bar.add_task(entry.id, total=entry.download_bytes)

            def show(stage: str, done: int, total: int, task: TaskID = task, name: str = entry.id) -> None:
                bar.update(task, description=f"{name}: {stage}", completed=done if total else None)

            was_there = store.present(entry.id) and not force
            try:
                store.ensure(entry.id, show, force=force)
            except PlaygroundError as error:  # the others may still come
                missing.append(error)
                bar.update(task, description=f"{entry.id}: missing")
                continue
            outcome = "present, verified" if was_there else f"from {store.manifest(entry.id)['source']}"
            bar.update(task, description=f"{entry.id}: {outcome}", completed=entry.download_bytes)
    if missing:
        raise missing[0]


@click.command()
@output.as_json_option
def doctor(as_json: bool) -> None:
    """Versions, device, store: what is loaded, what is missing, and what to do about it."""
    from playground.models import device, store
    from playground.models.catalogue import catalogue

    measured, asked = device.recorded(), device.asked_dtype()
    entries = [
        {"id": e.id, "kind": e.kind, "present": store.present(e.id), "default": store.entry_for(e.id).default}
        for e in catalogue().entries.values()
    ]
    report = {
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _VERSIONS},
        "profile": limits.current().name,
        "device": device.describe(),
        "cpu": device.cpu_kind(),
        "cpu_dtype": {"dtype": asked} if asked else measured,
        "store": str(paths.home()),
        "entries": entries,
    }
    if as_json:
        return output.emit_json(report)
    rows = [("python", report["python"]), *((name, version(name)) for name in _VERSIONS)]
    rows += [("profile", report["profile"]), ("device", report["device"]), ("processor", report["cpu"])]
    rows += [("CPU format", asked or _measured(measured)), ("store", report["store"])]
    output.emit_table("This machine", ("what", "value"), rows)
    state = [(e["id"], e["kind"], "here" if e["present"] else "missing") for e in entries]
    output.emit_table("Models, vocabularies, scripts", ("id", "kind", "in the store"), state)
    if any(e["default"] and not e["present"] for e in entries):
        click.echo("Run `llm-playground fetch` to get what is missing.")
    return None


def _measured(record: dict[str, float | str] | None) -> str:
    if record is None:
        return "measured when the default model is first loaded"
    return f"{record['dtype']} (bf16 {record['bf16_ms']} ms, fp32 {record['fp32_ms']} ms for a prompt and four tokens)"


COMMANDS: tuple[click.Command, ...] = (run, fetch, doctor)
