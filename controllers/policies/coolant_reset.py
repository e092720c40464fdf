"""Supply temperatures and flows by need: as warm and as slow as is cheapest and safe."""

from controllers.cooling.reset_by_need import CoolantReset

POLICY = CoolantReset
