"""The service: an API that clients of hosted OCR services already speak, pages for the browser, and jobs that survive.

Needs the extra ``serve``. Imports point one way: app -> routes -> services -> store, files, security -> tables.
"""
