"""One file per policy; a policy decides and changes nothing."""
