"""A misspelt key is answered with the one that was meant."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from site_models.complaints import complaint, keys_of


class Fan(BaseModel):
    model_config = ConfigDict(extra="forbid")
    power_w: float = 0.0
    beside: "list[Fan] | None" = None


class Room(BaseModel):
    model_config = ConfigDict(extra="forbid")
    fans: dict[str, Fan] = {}
    from_s: Annotated[float, Field(alias="from")] = 0.0


def test_a_form_has_the_keys_of_its_parts_however_deep_or_round() -> None:
    assert keys_of(Room | list[Room]) == {"fans", "from", "power_w", "beside"}
    assert keys_of(float) == set()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fan": {}}, "fan: unknown key, did you mean fans?"),
        ({"fans": {"a": {"power": 1}}}, "fans.a.power: unknown key, did you mean power_w?"),
        ({"form": 3}, "form: unknown key, did you mean from?"),
        ({"zzz": 3}, "zzz: unknown key"),
    ],
)
def test_the_nearest_key_is_told(given: object, said: str) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(Room).validate_python(given)
    assert complaint(found.value.errors(), Room) == said
