"""Names of folders of results, as a user may give them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from sim.errors import StoreError


def _plain(name: str) -> str:
    """Return a name that is checked to be one of a folder: before anything is prepared under it."""
    from sim.store.files import plain_name  # it brings Polars

    try:
        return plain_name("name", name)
    except StoreError as error:
        raise ValueError(str(error).removeprefix("name ")) from None


FolderName = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_plain)]
