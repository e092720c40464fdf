"""Sites drafted from what is there: lists of hosts, or the GPUs of this one."""
