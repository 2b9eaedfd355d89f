# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: A second run with the same options changes nothing.
  platform:
    description: The platforms on which the module runs.
    platforms: posix
    support: full
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads, so check mode makes no difference.
  diff_mode:
    support: N/A
    details:
      - This module does not modify state.
  idempotent:
    support: full
"""

    RESOURCE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Check mode writes nothing. A value that is only known after apply is returned as V(check-mode:KIND:VALUE). Later
        tasks of the same check accept this placeholder.
  diff_mode:
    support: full
  idempotent:
    support: full
  async:
    description: Can be used with the C(async) keyword.
    support: full
    details:
      - With C(async), the module waits by itself and shows no progress.
      - On ansible-core 2.16, check mode and C(async) cannot be used together.
"""

    # Not just "OPENAI": with a fragment of that name, attributes.openai would mean that one.
    # make generate: groups
    GROUP_BEDROCK = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/llmops.finetune.bedrock) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - llmops.finetune.bedrock
"""

    GROUP_OCI = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/llmops.finetune.oci) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - llmops.finetune.oci
"""

    GROUP_OPENAI = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/llmops.finetune.openai) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - llmops.finetune.openai
"""
    # end of groups
