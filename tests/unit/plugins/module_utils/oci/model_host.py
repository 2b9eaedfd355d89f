# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with what somebody does to models by hand there, and what truly was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import Host

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

CREATE = "oci.CreateModel"
RETRAIN: dict[str, Any] = {"retrain": "on_change"}


class ModelHost(Host):
    """One compartment with its models."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        # Shorter still: three looks at a training, two at a deletion.
        sandbox.oci.settings(accepted_seconds=1.0, validation_seconds=1.0, training_seconds=6.0, model_seconds=4.0)

    def made(self, name: str = "support-bot") -> list[dict[str, Any]]:
        """What truly was made under a name and is shown, whatever became of it; seeded models left out."""
        return [model for model in self.sandbox.oci.models() if model["display_name"] == name]

    def paid(self, name: str = "support-bot") -> list[str]:
        """The OCIDs of the same: OCI trains to the end, and bills, whatever is begun."""
        return [model["id"] for model in self.made(name)]

    def get(self, identifier: str) -> dict[str, Any]:
        """A model as the API shows it, our tags included."""
        found: dict[str, Any] = self.api.client("generative_ai").get_model(identifier).data
        return found

    def change(self, identifier: str, **members: Any) -> None:
        """What somebody changes by hand."""
        self.api.client("generative_ai").update_model(identifier, members)

    def delete_model(self, identifier: str) -> None:
        """Somebody deletes a model behind our back."""
        self.api.client("generative_ai").delete_model(identifier)
