# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What oci_generative_ai_dedicated_ai_cluster_info looks up.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import cluster, info, ocids
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.info import looks_again

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_CLUSTERS = info.Kind(
    option="dedicated_ai_cluster_id",
    result="dedicated_ai_clusters",
    filters={"state": "lifecycle_state", "display_name": "display_name"},
    get=cluster.get_cluster,
    listed=cluster.list_clusters,
    ocid=ocids.CLUSTER,
)


@looks_again
def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    return info.find(module, _CLUSTERS)
