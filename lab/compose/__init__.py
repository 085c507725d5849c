"""Read the compose file, which describes the services for both runtimes.

Only the keys that the shipped file uses are allowed, and extension fields (`x-…`). Those that are not in
`ServiceSpec` affect containers only, and their values are not checked.
https://docs.docker.com/reference/compose-file/
"""

from lab.compose.services import ComposeFile, Port, ServiceSpec, read

__all__ = ["ComposeFile", "Port", "ServiceSpec", "read"]
