"""`twin token`: who may do what over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from dashboards.auth import add_token, load_tokens, revoke_token
from dashboards.report import Json, table, tell

TokenFile = Annotated[
    Path, typer.Option("--tokens", help="Token file; `serve --tokens` reads the same one.")
]
Name = Annotated[str, typer.Argument(help="Whose token it is, as the audit log says it.")]


def register(app: typer.Typer) -> None:
    """Add the verb with its three parts."""
    token = typer.Typer(help="Make, list and revoke API tokens.")
    token.command("add")(add)
    token.command("list")(listed)
    token.command("revoke")(revoke)
    app.add_typer(token, name="token")


def add(
    name: Name,
    tokens: TokenFile,
    role: Annotated[
        str, typer.Option("--role", help="viewer, scheduler, operator or admin.")
    ] = "viewer",
    json: Json = False,
) -> None:
    """Make a token; it is shown this once and stored hashed."""
    secret = add_token(tokens, name, role)
    content = {"name": name, "role": role, "token": secret}
    tell(content, [secret], json)


def listed(tokens: TokenFile, json: Json = False) -> None:
    """List whose tokens a file holds, and their roles."""
    held = [{"name": token.name, "role": token.role} for token in load_tokens(tokens)]
    lines = table(("name", "role"), ((token["name"], token["role"]) for token in held))
    tell({"tokens": held}, lines, json)


def revoke(name: Name, tokens: TokenFile, json: Json = False) -> None:
    """Take a token back; a running server refuses it at once."""
    revoke_token(tokens, name)
    tell({"revoked": name}, [f"revoked {name}"], json)
