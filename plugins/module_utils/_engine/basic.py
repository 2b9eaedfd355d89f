# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AnsibleModule that masks secrets in wrong places, and escapes control characters.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .coerce import sanitize
from .secrets import mask, of_environment, of_options


class Module(AnsibleModule):  # type: ignore[misc, unused-ignore]  # typed in some cores only
    """The module of a task. Its output contains its options too, which ``-vvv`` shows."""

    def mask_secrets(self) -> None:
        """Register the secrets in the options and the environment."""
        mask(self, of_options(self.argument_spec, getattr(self, "params", None) or {}))
        mask(self, of_environment())

    def warn(self, *args: Any, **kwargs: Any) -> None:
        """Warn, but not with ``no_log``, because Ansible prints the warnings of such a task too."""
        if not self.no_log:
            super().warn(*args, **kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> Any:
        """End the task with an error; it may be Ansible's own about an option."""
        self.mask_secrets()
        super().fail_json(msg=sanitize(msg, self.no_log_values), **kwargs)

    def exit_json(self, **kwargs: Any) -> Any:
        """End the task with its result."""
        self.mask_secrets()
        super().exit_json(**kwargs)

    def log(self, msg: Any, log_args: Any = None) -> None:
        """Write to the system's log. It refuses a NUL, and then Ansible returns the text with an error."""
        super().log(sanitize(msg) if isinstance(msg, str) else msg, log_args)

    def _log_invocation(self) -> None:
        """Log the options, without the secrets."""
        self.mask_secrets()
        super()._log_invocation()
