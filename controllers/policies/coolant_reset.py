"""Supply temperatures and flows by need: as warm and as slow as is cheapest and safe."""

from controllers.reset_by_need import CoolantReset

POLICY = CoolantReset
