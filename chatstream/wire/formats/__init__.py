"""One file per outgoing format: what a Run's events look like to a viewer."""
