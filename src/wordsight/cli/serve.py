"""`wordsight serve` and `worker`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordsight.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from wordsight.server.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of everything that the service keeps.", show_default=False)
]
Database = Annotated[
    str, typer.Option("--database-url", help="postgresql://user:password@host/name; SQLite in the folder without it.")
]
FilesUrl = Annotated[
    str, typer.Option("--files-url", help="Where pictures are kept, such as s3://bucket/folder; the folder without it.")
]


Watch = Annotated[
    Path | None,
    typer.Option("--watch", help="Folder whose new files are read by the model --watch-model.", show_default=False),
]
WatchModel = Annotated[str, typer.Option("--watch-model", help="Id of the model for --watch.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)
    app.command()(worker)
    app.command()(backup)
    app.command()(restore)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Port to listen on.")] = 8080,
    data: Data = None,
    database_url: Database = "",
    files_url: FilesUrl = "",
    fetch_urls: Annotated[
        bool, typer.Option("--fetch-urls", help="Fetch pictures from public URLs that clients name.")
    ] = False,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Start a worker process beside the web process.")
    ] = True,
    watch: Watch = None,
    watch_model: WatchModel = "",
) -> None:
    """Serve the API that clients of hosted OCR services speak, on this machine.

    The first start prints an admin key, once. More settings come from the environment, see the documentation.

    Examples:
        wordsight serve

        wordsight serve --host 0.0.0.0 --data /srv/wordsight --database-url postgresql://ocr@db/ocr
    """
    settings = make_settings(
        data,
        database_url,
        files_url,
        host=host,
        port=port,
        fetch_urls=fetch_urls or None,
        watch=watch,
        watch_model=watch_model,
    )
    from wordsight.server import run

    services, key = run.open_services(settings)
    if key is not None:
        typer.echo(f"The admin key, shown only now: {key}")
    typer.echo(f"Serving on {settings.address}; Ctrl-C ends it.", err=True)
    run.serve(settings, services, with_worker)


def worker(
    data: Data = None,
    database_url: Database = "",
    files_url: FilesUrl = "",
    name: Annotated[
        str, typer.Option("--name", help="Tells workers apart; default: the name of the machine.", show_default=False)
    ] = "",
    watch: Watch = None,
    watch_model: WatchModel = "",
) -> None:
    """Do the jobs of a service: trainings, asynchronous requests, webhooks. Several workers share the work.

    Example:
        wordsight worker --database-url postgresql://ocr@db/ocr --files-url s3://bucket/ocr --name second
    """
    settings = make_settings(data, database_url, files_url, watch=watch, watch_model=watch_model)
    import signal
    import threading

    from wordsight.server.worker import work

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(settings, stop, name)


def backup(
    file: Annotated[Path, typer.Argument(help="File to write.", show_default=False)],
    data: Data = None,
    database_url: Database = "",
    files_url: FilesUrl = "",
) -> None:
    """Write everything that a service keeps into one file; the service may go on meanwhile.

    Example:
        wordsight backup service.zip --data /srv/wordsight
    """
    settings = make_settings(data, database_url, files_url)
    from wordsight.server.backup import backup
    from wordsight.server.services.context import Context

    context = Context.open(settings)
    typer.echo(f"{file}: the database and {backup(context, file)} files")
    context.store.close()


def restore(
    file: Annotated[Path, typer.Argument(help="File that `wordsight backup` wrote.", show_default=False)],
    data: Data = None,
    database_url: Database = "",
    files_url: FilesUrl = "",
) -> None:
    """Fill an empty service from a backup, also one of another kind of database. Its keys work again.

    Example:
        wordsight restore service.zip --data /srv/restored
    """
    settings = make_settings(data, database_url, files_url)
    from wordsight.server.backup import restore
    from wordsight.server.services.context import Context

    context = Context.open(settings)
    typer.echo(f"restored the database and {restore(context, file)} files")
    context.store.close()


def make_settings(data: Path | None, database_url: str, files_url: str, **others: object) -> Settings:
    """Settings of the environment, with what the command line says instead.

    Raises:
        MissingExtra: The packages for serving are not installed.
        ConfigError: A setting is out of bounds.
    """
    try:
        from pydantic import ValidationError

        from wordsight.server.settings import Settings
    except ImportError as error:
        raise MissingExtra(error.name or "fastapi", "serve") from error
    given = {"data": data, "database_url": database_url, "files_url": files_url, **others}
    try:
        return Settings(**{name: value for name, value in given.items() if value not in (None, "")})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        names = "".join(f"WORDSIGHT_{str(part).upper()}: " for part in first["loc"])
        raise ConfigError(f"{names}{first['msg'].removeprefix('Value error, ')}") from error
