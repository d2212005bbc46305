"""The web application: routes, errors, limits, headers."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wordsight.errors import ImageError, ImageTooLarge, WordsightError
from wordsight.server.access import Services
from wordsight.server.errors import ServiceError, TooLarge
from wordsight.server.metrics import Figures, Observed
from wordsight.server.pages import errors as pages_errors
from wordsight.server.pages.mount import mount_pages
from wordsight.server.routes import nanonets, system, v1, v1_results
from wordsight.server.routes.shapes import ErrorShape, Reason

PREFIXES = ("/api/v2/OCR", "/api/v2/ObjectDetection")


def create_app(services: Services) -> FastAPI:
    """The application over services that are ready."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Requests that wait for their reading hold a thread each; the others must not wait for these.
        to_thread.current_default_thread_limiter().total_tokens += services.inference.most_waiting
        yield
        services.close()

    app = FastAPI(title="wordsight", version=version("wordsight"), redirect_slashes=False, lifespan=lifespan)
    app.state.services = services
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(WordsightError, _other_error)
    app.add_exception_handler(ImageError, _image_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Exception, _unforeseen)
    app.add_middleware(BodyLimit, most=services.context.settings.max_request_bytes)
    app.state.figures = Figures()
    app.add_middleware(Observed, figures=app.state.figures)
    for prefix in PREFIXES:
        app.include_router(nanonets.models, prefix=prefix, tags=["models and predictions"])
    app.include_router(nanonets.listing, prefix="/api/v2/ImageCategorization", include_in_schema=False)
    app.include_router(nanonets.text, prefix="/api/v2/OCR", tags=["reading"])
    app.include_router(nanonets.inferences, prefix="/api/v2/Inferences", tags=["stored predictions"])
    app.include_router(nanonets.approvals, prefix="/api/v2/ImageLevelInferences", tags=["stored predictions"])
    for router in (v1.router, v1_results.router, system.router):
        app.include_router(router)
    mount_pages(app, services.context.settings)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: every operation may answer with an error in the one form that errors have here."""
    if not app.openapi_schema:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for shape in (ErrorShape, Reason):
            schemas[shape.__name__] = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas[shape.__name__].pop("$defs", None)
        error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorShape"}}}}
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = {"description": "What is wrong, and what to do.", **error}
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
            "key as user name": {"type": "http", "scheme": "basic", "description": "An API key, empty password."},
        }
        document["security"] = [{"key": []}, {"key as user name": []}]
        app.openapi_schema = document
    return app.openapi_schema


def error_reply(status: int, message: str, reason: str, retry_after: float | None = None) -> JSONResponse:
    """An error as all clients get it."""
    headers = {} if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="wordsight"'
    body = {"code": status, "message": message, "errors": [{"reason": reason}]}
    return JSONResponse(body, status, headers)


async def _service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    if pages_errors.wants_page(request):
        return pages_errors.error_page(request, error.status, str(error))
    return error_reply(error.status, str(error), error.reason, error.retry_after)


async def _image_error(_: Request, error: Exception) -> JSONResponse:
    return error_reply(413 if isinstance(error, ImageTooLarge) else 400, str(error), "bad_file")


async def _other_error(_: Request, error: Exception) -> JSONResponse:
    return error_reply(400, str(error), "bad_request")


async def _unforeseen(request: Request, error: Exception) -> Response:
    """A bug; the traceback is in the log, and no client sees it."""
    message = f"the service failed ({type(error).__name__}); its log says more"
    if pages_errors.wants_page(request):
        return pages_errors.error_page(request, 500, message)
    return error_reply(500, message, "internal_error")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = str(error.detail)
    if error.status_code == 404:
        message = f"there is nothing at {request.url.path[:200]}; see /docs for all routes"
    if pages_errors.wants_page(request):
        return pages_errors.error_page(request, error.status_code, message)
    return error_reply(error.status_code, message, "not_found" if error.status_code == 404 else "bad_request")


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return error_reply(400, f"{place}: {first['msg']}", "bad_request")


class BodyLimit:
    """Refuses bodies over a number of bytes while they arrive, with a length announced or without."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.most:
                raise TooLarge(f"the request has more than {self.most} bytes; send fewer files at once")
            return message

        await self.app(scope, counted, send)
