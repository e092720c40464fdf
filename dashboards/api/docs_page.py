"""A page that reads `openapi.json` and shows it, with nothing loaded from elsewhere."""

from dashboards.theme import css

DOCS_PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>API · AI factory twin</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
<style>{css()}</style>
<link rel="stylesheet" href="/assets/docs.css"></head>
<body><main id="docs"><p>Reading the description of the API …</p></main>
<script src="/assets/docs.js"></script></body></html>
"""
"""Text of `/api/docs`."""
