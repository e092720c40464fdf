"""An environment to learn control in: the rig behind the interface of Gymnasium."""
