# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What oci_generative_ai_model_info looks up.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine import ownership
from ansible_collections.llmops.finetune.plugins.module_utils._engine.content import sha256_of_mark
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import info, model_api, ocids, tags
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.info import looks_again

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def _more(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "training_sha256": sha256_of_mark(tags.owned(found).get(ownership.TRAINING)),
        "metrics": model_api.final_metrics(found),
    }


_MODELS = info.Kind(
    option="model_id",
    result="models",
    filters={
        "capability": "capability",
        "vendor": "vendor",
        "state": "lifecycle_state",
        "display_name": "display_name",
    },
    get=model_api.get_model,
    listed=model_api.list_models,
    ocid=ocids.MODEL,
    more=_more,
)


@looks_again
def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    return info.find(module, _MODELS)
