"""Fixtures that every selfcheck can ask for."""

from neighbours.fixtures import (
    docker_endpoint,
    express_images,
    express_sources,
    needs_nginx,
    needs_node,
    needs_openssl,
    node_image,
    postgres,
    probe_image,
    ssh_host,
)

__all__ = [
    "docker_endpoint",
    "express_images",
    "express_sources",
    "needs_nginx",
    "needs_node",
    "needs_openssl",
    "node_image",
    "postgres",
    "probe_image",
    "ssh_host",
]
