"""lessons: which there are, and whether they hold."""

import os
from pathlib import Path

import click

from playground.cli import output
from playground.errors import BadInput

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group("lessons", invoke_without_command=True)
@click.option("--lessons", "folder", type=_FOLDER, help="A folder with lessons of your own.")
@output.as_json_option
@click.pass_context
def lessons_group(context: click.Context, folder: Path | None, as_json: bool) -> None:
    """The lessons there are; `check FOLDER` tries them out."""
    if context.invoked_subcommand:
        return
    from playground.ui import lessons

    if folder is not None:
        os.environ[lessons.FOLDER_VARIABLE] = str(folder)
    found, problems = lessons.known()
    output.notices(str(problem) for problem in problems)
    rows = [(lesson.id, lesson.title, len(lesson.steps)) for lesson in found]
    if as_json:
        output.emit_json({"lessons": [{"id": i, "title": title, "steps": steps} for i, title, steps in rows]})
        return
    output.emit_table("Lessons", ("id", "title", "steps"), rows, right=(2,))


@lessons_group.command("check")
@click.argument("folder", type=_FOLDER, required=False)
@output.as_json_option
def check_command(folder: Path | None, as_json: bool) -> None:
    """Open every step of a folder's lessons (the built-in ones when none is named) and ask every assertion."""
    import logging

    from playground.ui import lesson_check, lessons

    # It warns, step by step, that no browser is looking.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
    found, problems = lessons.read_folder(folder or lessons.BUNDLED)
    wrong, steps = list(problems), 0
    for problem in problems:
        output.notices([str(problem)])
    for lesson in found:
        for number, (step, said) in enumerate(lesson_check.check(lesson), 1):
            steps += 1
            wrong += said
            output.notices([f"{lesson.path.name}, step {number} ({step.page}): {'wrong' if said else 'right'}"])
            output.notices(str(problem) for problem in said)
    if as_json:
        output.emit_json(
            {
                "lessons": len(found),
                "steps": steps,
                "problems": [{"file": str(p.path), "line": p.line, "what": p.what} for p in wrong],
            }
        )
    else:
        click.echo(f"{len(found)} lessons, {steps} steps, {len(wrong)} problems.")
    if wrong:
        raise BadInput(f"{len(wrong)} problems in these lessons", "Each is named above with its file and line.")


COMMANDS: tuple[click.Command, ...] = (lessons_group,)
