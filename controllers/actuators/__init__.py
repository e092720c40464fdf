"""One file per actuator; only the supervisor calls one."""
