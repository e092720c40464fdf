"""Jobs: who holds which GPUs, what they ask of them, how far they get, what they are billed."""
